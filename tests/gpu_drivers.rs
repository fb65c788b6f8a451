//! Which of Vulkan's drivers are opened, by processes of their own: none before a stream wants a GPU, and no software
//! renderer by those who do not want one.
#![cfg(all(feature = "gpu", target_os = "linux"))]

mod common;

use common::{Installed, software_renderers};

/// The environment of a machine without any driver.
const NO_DRIVER: [(&str, &str); 2] =
    [("VK_DRIVER_FILES", "/there/is/none.json"), ("VK_ICD_FILENAMES", "/there/is/none.json")];

#[test]
fn without_a_driver_the_cpu_does_the_work() {
    let installed = Installed::new();
    for (backend, is_told) in [("gpu", true), ("auto", false)] {
        let line = format!(
            "videotestsrc num-buffers=5 ! video/x-raw,width=640,height=360 ! colorshine \
             attractors=red;50;50 backend={backend} ! fakesink"
        );
        let mut tool = installed.tool("gst-launch-1.0");
        let output = tool.args(line.split(' ')).envs(NO_DRIVER).output().unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|t| String::from_utf8_lossy(&t).to_string());
        assert!(output.status.success(), "{out}{err}");
        let says = |text: &str| out.contains(text) || err.contains(text);
        assert_eq!(says("no GPU is found"), is_told, "{backend}: {out}{err}");
        assert_eq!(says("WARNING"), is_told, "{backend}: {out}{err}");
    }
}

/// Nothing of a GPU is touched until a stream begins.
#[test]
fn looking_at_the_plugin_loads_no_driver() {
    let installed = Installed::new();
    let loads = |tool: &mut std::process::Command, arguments: &str, libraries: &[&str]| {
        let output = tool.args(arguments.split(' ')).env("LD_DEBUG", "files").output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(text.contains("libgstcolorshine.so"), "the linker tells nothing");
        libraries.iter().any(|library| text.contains(library))
    };
    // Without the system's plugins, one of which links Vulkan.
    let mut inspect = installed.tool("gst-inspect-1.0");
    assert!(!loads(inspect.env("GST_PLUGIN_SYSTEM_PATH", ""), "colorshine", &["vulkan"]));
    // And it shows when one is loaded: Mesa's and NVIDIA's are called so.
    let line =
        "videotestsrc num-buffers=1 ! colorshine attractors=red;50;50 backend=gpu ! fakesink";
    assert!(loads(&mut installed.tool("gst-launch-1.0"), line, &["libvulkan_", "nvidia"]));
}

/// A stream of some frames, by a process that tells of each library that it loads: its output.
fn stream_that_tells(installed: &Installed, backend: &str, environment: &[(&str, &str)]) -> String {
    let line = format!(
        "videotestsrc num-buffers=5 ! video/x-raw,width=640,height=360 ! colorshine \
         attractors=red;50;50 backend={backend} ! fakesink"
    );
    let mut tool = installed.tool("gst-launch-1.0");
    let tool = tool.args(line.split(' ')).envs(environment.iter().copied());
    let output = tool.env("LD_DEBUG", "files").env_remove("XDG_RUNTIME_DIR").output().unwrap();
    let text = [output.stdout, output.stderr].map(|t| String::from_utf8_lossy(&t).to_string());
    assert!(output.status.success(), "{text:?}");
    text.concat()
}

/// Where only software renderers can be found `auto` opens none of them, and says nothing; who insists gets one.
#[test]
fn auto_opens_no_software_renderer() {
    let installed = Installed::new();
    let drivers = software_renderers();
    assert!(!drivers.is_empty(), "no software renderer (mesa-vulkan-drivers)");
    for (name, manifest) in drivers {
        let manifest = manifest.to_str().unwrap();
        for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
            let environment = [(variable, manifest)];
            let is_loaded = |backend: &str| {
                let text = stream_that_tells(&installed, backend, &environment);
                // Mesa's and Chromium's are called so.
                let is_told = text.contains("XDG_RUNTIME_DIR is invalid");
                let libraries = ["libvulkan_", "libvk_swiftshader", "libLLVM"];
                libraries.iter().any(|library| text.contains(library)) || is_told
            };
            assert!(!is_loaded("auto"), "{name} is opened");
            assert!(is_loaded("gpu"), "{name} is not taken");
        }
    }
}

/// As the machine is: where it has no GPU, drivers for GPUs are no reason to open any.
#[test]
fn auto_opens_nothing_on_a_machine_without_a_gpu() {
    let entries = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let gpus = ["dri", "nvidia", "dxg", "kfd", "kgsl", "mali", "pvr", "galcore"];
    let has_gpu = entries
        .map(|entry| entry.file_name().to_string_lossy().to_string())
        .any(|name| gpus.iter().any(|gpu| name.starts_with(gpu)));
    if has_gpu {
        println!("there may be a GPU here, so auto may take it: not tried");
        return;
    }
    let installed = Installed::new();
    let text = stream_that_tells(&installed, "auto", &[]);
    assert!(!text.contains("libvulkan_lvp"), "llvmpipe is opened");
}
