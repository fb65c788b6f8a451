# make demo    a real clip, recoloured
# make test    everything that is checked
# make help    the rest
#
# Variables: INPUT, LOOK, ATTRACTORS, OUTPUT, PICTURE, AT (demo); PHOTOS (gallery); BASE (bench-compare);
# GPU_ADAPTER (bench-gpu, gpu-report); PLUGINDIR, PRESETDIR, BINDIR, DESTDIR (install).

CARGO ?= cargo
CARGO_TARGET_DIR ?= target
LIBRARY = $(CARGO_TARGET_DIR)/release/libgstcolorshine.so
# The promise to those who have no use for a GPU.
MOST_BYTES_WITHOUT_GPU = 1500000
PRESETS = looks/GstColorShine.prs
# A test that runs others once more, and whose software renderer would be starved beside them.
BY_ITSELF = each_driver_passes_without_a_message
BENCHES = live stages peers roundtrip compare gpu framehash
TOOLS = shine bake contact-sheet transcode

INPUT ?= tests/media/demo.mp4
OUTPUT ?= demo.mp4
PICTURE ?= demo.png
# The picture's time in seconds; the middle of a clip other than ours.
AT ?= $(if $(filter tests/media/demo.mp4,$(INPUT)),1)
# A look's name or file, and attractors beside its own; the look is none where only attractors are given.
ATTRACTORS ?=
LOOK ?= $(if $(ATTRACTORS),,teal-dusk)
PHOTOS ?=

SYSTEM_PLUGINDIR = $(shell pkg-config --variable=pluginsdir gstreamer-1.0 2>/dev/null)
PLUGINDIR ?= $(SYSTEM_PLUGINDIR)
# Beside a folder for plugins other than the system's.
PRESETDIR ?= $(if $(filter $(SYSTEM_PLUGINDIR),$(PLUGINDIR)),$(shell \
	pkg-config --variable=datadir gstreamer-1.0)/gstreamer-1.0,$(patsubst %/,%,$(dir $(PLUGINDIR))))/presets
BINDIR ?= $(if $(filter $(SYSTEM_PLUGINDIR),$(PLUGINDIR)),/usr/local/bin,$(HOME)/.local/bin)

BUILD_PACKAGES = build-essential pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
RUN_PACKAGES = gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
	gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
# Vulkan, a software renderer, and layers that watch over how it is used: tests of the GPU need them, and nothing else
# does.
TEST_PACKAGES = libvulkan1 mesa-vulkan-drivers vulkan-validationlayers
PACKAGES = $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)
DEBIAN13 = $(abspath $(CARGO_TARGET_DIR))/debian13
DEBIAN13_PACKAGES = libgstreamer1.0-0,libgstreamer-plugins-base1.0-0

# Recipes read these from the environment, so that no character of theirs is special.
export CARGO_TARGET_DIR INPUT OUTPUT PICTURE AT LOOK ATTRACTORS PHOTOS BASE GPU_ADAPTER
export DESTDIR PLUGINDIR PRESETDIR BINDIR

# Mesa's software renderer prints an error where it is not set.
ifndef XDG_RUNTIME_DIR
test bench-gpu gpu-report: export XDG_RUNTIME_DIR = $(abspath $(CARGO_TARGET_DIR))/runtime
endif

WITH_PLUGIN = GST_PLUGIN_PATH="$(abspath $(CARGO_TARGET_DIR))/release$${GST_PLUGIN_PATH:+:$$GST_PLUGIN_PATH}"

.PHONY: help setup cargo runtime-dir build tools demo gallery test test-debian13 check-wasm bench bench-gpu gpu-report \
	bench-live bench-compare inspect install clean

help:
	@echo 'make demo      recolour a clip: $(OUTPUT), a before/after picture $(PICTURE) and statistics'
	@echo '               INPUT=clip.mp4 LOOK=plum ATTRACTORS="teal;40;60" OUTPUT=... PICTURE=... AT=seconds'
	@echo 'make tools     shine, bake, contact-sheet and transcode, in $(CARGO_TARGET_DIR)/release'
	@echo 'make test      formatting, lints, and unit, integration and doc tests; 20 to 30 minutes on two cores'
	@echo 'make test-debian13  the tests of formats against Debian 13, GStreamer 1.26: as root, with debootstrap'
	@echo 'make check-wasm  the engine builds for wasm32-unknown-unknown, where that target is installed'
	@echo 'make bench     a table of speeds against FFmpeg and OpenColorIO, where they are installed'
	@echo 'make bench-compare BASE=revision   fails if what is here is slower than that revision was'
	@echo 'make bench-gpu   tables of the way over the GPU, GPU_ADAPTER=name for another than the best'
	@echo 'make gpu-report  gpu-report.md: adapter, driver, limits, tests, hashes and figures, for an issue'
	@echo 'make bench-live  frames that come too late, and CPU time, at 60 frames a second'
	@echo 'make gallery   the pictures of docs/gallery.md anew, from PHOTOS=folder'
	@echo 'make inspect   all properties, from gst-inspect-1.0'
	@echo 'make install   the plugin and its looks, into GStreamer'"'"'s folders, or PLUGINDIR=... PRESETDIR=...;'
	@echo '               the tools, where make tools has built them, into $(BINDIR), or BINDIR=...;'
	@echo '               DESTDIR=... goes before all'
	@echo 'make build     the release plugin, $(LIBRARY)'
	@echo 'make setup     the system packages that are missing (Debian, Ubuntu); demo and test do it too'
	@echo 'make clean     removes what was built, demo.mp4, demo.png and gpu-report.md'

# Silent where nothing is missing.
setup:
	@if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then \
		echo 'No apt-get here: the packages that Debian calls'; \
		echo '    $(PACKAGES)'; \
		echo 'have to be there already, by whatever name.'; \
		exit 0; \
	fi; \
	missing=; \
	for package in $(PACKAGES); do \
		dpkg-query --show --showformat='$${db:Status-Status}\n' $$package 2>/dev/null \
			| grep -qx installed || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "Installing with apt-get:$$missing"; \
		as_root=; \
		if [ "$$(id -u)" -ne 0 ]; then \
			if ! command -v sudo >/dev/null; then \
				echo "This needs root, and there is no sudo. As root: apt-get install$$missing" >&2; \
				exit 1; \
			fi; \
			as_root=sudo; \
		fi; \
		$$as_root apt-get update -qq && \
		$$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $$missing; \
	fi

cargo:
	@if ! command -v $(CARGO) >/dev/null; then \
		echo 'cargo is not in the PATH: Rust 1.92 or newer is needed, see https://rustup.rs;' >&2; \
		echo 'just installed? A new shell has it, or: . "$$HOME/.cargo/env"' >&2; \
		exit 1; \
	fi

# A folder of the user's alone, as XDG_RUNTIME_DIR has to be, where it is ours.
runtime-dir:
	@case "$$XDG_RUNTIME_DIR" in "$(abspath $(CARGO_TARGET_DIR))/runtime") \
		mkdir -p "$$XDG_RUNTIME_DIR" && chmod 700 "$$XDG_RUNTIME_DIR";; esac

build: setup cargo
	$(CARGO) build --release --lib

tools: setup cargo
	$(CARGO) build --release --package colorshine-tools

demo: setup cargo
	$(CARGO) build --release --package colorshine-tools --bin transcode
	@"$$CARGO_TARGET_DIR/release/transcode" "$$INPUT" "$$OUTPUT" --picture "$$PICTURE" \
		$${AT:+--at "$$AT"} $${LOOK:+--look "$$LOOK"} $${ATTRACTORS:+"$$ATTRACTORS"}

gallery: setup cargo
	@if [ -z "$$PHOTOS" ]; then \
		echo 'PHOTOS=folder is missing: the one with the photographs that tests/media/README.md names' >&2; \
		exit 1; \
	fi
	$(CARGO) build --release --package colorshine-tools --bin contact-sheet
	docs/gallery/make.sh "$$CARGO_TARGET_DIR/release/contact-sheet" "$$PHOTOS"

test: setup cargo runtime-dir
	@echo 'On two cores this takes 20 to 30 minutes; CONTRIBUTING.md names single tests to run while working.'
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --package colorshine-core --no-default-features -- -D warnings
	rm -rf "$$CARGO_TARGET_DIR/test-cache/colorshine"
	XDG_CACHE_HOME="$(abspath $(CARGO_TARGET_DIR))/test-cache" \
		G_DEBUG=fatal_warnings $(CARGO) test --workspace --lib --bins --tests --example blue_noise \
		-- --skip $(BY_ITSELF)
	G_DEBUG=fatal_warnings $(CARGO) test --workspace --test gpu $(BY_ITSELF)
	$(CARGO) test --workspace $(BENCHES:%=--bench %)
	@! test -e "$$CARGO_TARGET_DIR/test-cache/colorshine" || { \
		echo 'a test has written to the default cache-dir' >&2; exit 1; }
	for level in sse2 sse4.2 avx2; do \
		echo "formats at the level $$level" && COLORSHINE_SIMD_LEVEL=$$level \
		G_DEBUG=fatal_warnings $(CARGO) test --workspace --test formats || exit 1; done
	$(CARGO) test --workspace --doc
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --package colorshine-core --package framehash-core --no-deps --all-features
	$(MAKE) --no-print-directory check-wasm
	echo 'without the GPU' && $(CARGO) clippy --workspace --all-targets --no-default-features -- -D warnings
	G_DEBUG=fatal_warnings $(CARGO) test --workspace --no-default-features --lib --test element --test no_gpu
	$(CARGO) build --release --lib --no-default-features --target-dir "$$CARGO_TARGET_DIR/no-gpu"
	@size=$$(wc -c <"$$CARGO_TARGET_DIR/no-gpu/release/$(notdir $(LIBRARY))"); \
	echo "the library without the GPU: $$size bytes"; \
	test "$$size" -lt $(MOST_BYTES_WITHOUT_GPU) || { \
		echo 'that is not less than $(MOST_BYTES_WITHOUT_GPU)' >&2; exit 1; }

# The tests of formats in a root of Debian 13, which is built below the target folder if it is not there. They are built
# here, against this system's GStreamer, and run against that one: programs know a newer one, as plugins do.
test-debian13: cargo
	@test "$$(id -u)" = 0 || { echo 'make test-debian13 has to be run as root, for debootstrap and chroot' >&2; exit 1; }
	@test -d $(DEBIAN13) || command -v debootstrap >/dev/null || { \
		echo 'make test-debian13 needs debootstrap' >&2; exit 1; }
	test -d $(DEBIAN13) || { \
		debootstrap --variant=minbase --include=$(DEBIAN13_PACKAGES) trixie $(DEBIAN13).part && \
		mv $(DEBIAN13).part $(DEBIAN13); }
	$(CARGO) --config 'target."cfg(unix)".runner = ["$(CURDIR)/.ci/in-debian13", "$(DEBIAN13)"]' \
		test --test layouts --test formats

# Needs no GStreamer; rustup target add wasm32-unknown-unknown installs the target.
check-wasm: cargo
	@if [ -d "$$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; then \
		$(CARGO) build --package colorshine-core --no-default-features --target wasm32-unknown-unknown; \
	else \
		echo 'wasm32-unknown-unknown is not installed: colorshine-core is not built for it'; \
	fi

# FFmpeg and OpenColorIO are peers to measure against, where they are installed.
bench: setup cargo
	$(CARGO) bench --bench peers

# Nothing else should run meanwhile, on the GPU neither. Without setup, for a machine with no network: see
# benches/gpu.rs.
bench-gpu: setup cargo runtime-dir
	$(CARGO) bench --bench gpu

# To be attached to an issue. What fails is told in it, and is no reason to end without it.
gpu-report: setup cargo runtime-dir
	@$(CARGO) build --release --example gpu-report
	@{ "$$CARGO_TARGET_DIR/release/examples/gpu-report"; \
	printf '\n## Tests\n\n'; \
	for test in gpu gpu_frame_mode; do \
		printf '    %s: ' $$test; \
		G_DEBUG=fatal_warnings $(CARGO) test --test $$test -- --skip each_driver 2>&1 \
			| grep -E '^test .*FAILED$$|^test result|^error|panicked at' | sed '2,$$s/^/    /'; \
	done; \
	printf '\n## Figures\n\n'; \
	$(CARGO) bench --quiet --bench gpu -- --quick 2>&1 | sed 's/^#/##/'; \
	} | tee gpu-report.md
	@echo 'That is gpu-report.md.'

# Half a minute a format; nothing else should run meanwhile.
bench-live: setup cargo
	$(CARGO) bench --bench live

# BASE is built from a checkout that goes afterwards, in a folder that stays, so that only what differs is
# built the next time. The other file is a copy because cargo bench may build it once more.
bench-compare: setup cargo
	@commit=$$(git rev-parse --verify --quiet "$$BASE^{commit}") || { \
		echo "BASE=$$BASE is no commit: make bench-compare BASE=revision, such as BASE=HEAD~1" >&2; \
		exit 1; \
	}; \
	set -e; \
	mkdir -p "$$CARGO_TARGET_DIR/compare/head"; \
	folder=$$(cd "$$CARGO_TARGET_DIR/compare" && pwd); \
	$(CARGO) build --release --lib; \
	cp "$(LIBRARY)" "$$folder/head"; \
	trap 'git worktree remove --force "$$folder/checkout" || :' EXIT; \
	trap 'exit 130' INT; \
	trap 'exit 143' TERM; \
	rm -rf "$$folder/checkout"; \
	git worktree add --quiet --force --detach "$$folder/checkout" "$$commit"; \
	(cd "$$folder/checkout" && CARGO_TARGET_DIR="$$folder/base" $(CARGO) build --release --lib); \
	$(CARGO) bench --bench compare -- \
		"$$folder/base/release/$(notdir $(LIBRARY))" "$$folder/head/$(notdir $(LIBRARY))"

inspect: build
	@$(WITH_PLUGIN) gst-inspect-1.0 colorshine

# No setup here, and no need of cargo once the plugin is built: root may have neither.
install:
	@if command -v $(CARGO) >/dev/null; then \
		$(CARGO) build --release --lib --package colorshine-library --package colorshine-tools --bins; \
	elif [ ! -f "$(LIBRARY)" ]; then \
		echo '$(LIBRARY) is not there: run make build first, as the user who has cargo' >&2; \
		exit 1; \
	fi
	@if [ -z "$$PLUGINDIR" ]; then \
		echo 'pkg-config does not know gstreamer-1.0: run make setup, or give PLUGINDIR=...' >&2; \
		exit 1; \
	fi
	@echo "Installing $$DESTDIR$$PLUGINDIR/$(notdir $(LIBRARY))"
	@install -D -m 644 "$(LIBRARY)" "$$DESTDIR$$PLUGINDIR/$(notdir $(LIBRARY))"
	@for tool in $(TOOLS); do \
		if [ -f "$$CARGO_TARGET_DIR/release/$$tool" ]; then \
			echo "Installing $$DESTDIR$$BINDIR/$$tool"; \
			install -D -m 755 "$$CARGO_TARGET_DIR/release/$$tool" "$$DESTDIR$$BINDIR/$$tool" || exit 1; \
		else \
			echo "$$tool is not there and not installed: make tools builds it"; \
		fi; \
	done
	@presets="$$DESTDIR$$PRESETDIR/$(notdir $(PRESETS))"; \
	if [ -f "$$presets" ] && ! grep -qx "$$(grep '^version=' $(PRESETS))" "$$presets"; then \
		echo "$$presets has presets of your own and stays as it is;"; \
		echo 'bake preset:NAME --look NAME puts single looks there'; \
	else \
		echo "Installing $$presets"; \
		install -D -m 644 "$(PRESETS)" "$$presets"; \
	fi

clean:
	$(CARGO) clean
	rm -f demo.mp4 demo.png gpu-report.md
