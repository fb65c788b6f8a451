//! What the Vulkan loader would open, read as the loader reads it, without opening any of it.
//!
//! The loader opens every driver that is listed before it tells what they are. A software renderer takes 50 MB and some
//! time, and writes to stderr what it lacks. So where only software renderers could be found, those who do not want one
//! do not call the loader at all.
//!
//! A GPU must never be missed for that: a driver that is not known to be a software renderer, or to need a device that
//! is not there, counts as a GPU. Where there is a GPU, the loader opens all drivers, software renderers too: only the
//! environment (`VK_LOADER_DRIVERS_DISABLE`) can keep it from that, and a library may not change its process's
//! environment.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Lists of manifests that take the place of those in the folders: today's name and the one before.
const INSTEAD: [&str; 2] = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

/// A list of manifests beside those.
const BESIDE: &str = "VK_ADD_DRIVER_FILES";

/// Names of manifests to take, and to leave.
const FILTERS: [&str; 2] = ["VK_LOADER_DRIVERS_SELECT", "VK_LOADER_DRIVERS_DISABLE"];

/// Variables with folders, and what counts where they are not set: within the user's own folder, or by itself.
const FOLDERS: [(&str, &str); 4] = [
    ("XDG_CONFIG_HOME", ".config"),
    ("XDG_CONFIG_DIRS", "/etc/xdg"),
    ("XDG_DATA_HOME", ".local/share"),
    ("XDG_DATA_DIRS", "/usr/local/share:/usr/share"),
];

/// Folders that no variable changes.
const ALWAYS: [&str; 2] = ["/etc", "/usr/local/etc"];

/// Software renderers: Mesa's llvmpipe and SwiftShader.
const SOFTWARE: [&str; 2] = ["libvulkan_lvp.so", "libvk_swiftshader.so"];

/// Mesa's drivers that know a GPU by its render node alone.
const NEED_A_RENDER_NODE: [&str; 10] = [
    "libvulkan_asahi.so",
    "libvulkan_broadcom.so",
    "libvulkan_freedreno.so",
    "libvulkan_intel.so",
    "libvulkan_intel_hasvk.so",
    "libvulkan_nouveau.so",
    "libvulkan_panfrost.so",
    "libvulkan_powervr_mesa.so",
    "libvulkan_radeon.so",
    "libvulkan_virtio.so",
];

/// Mesa's driver over Direct3D 12, and the device that it needs.
const ON_WINDOWS: (&str, &str) = ("libvulkan_dzn.so", "dxg");

/// How the names of GPUs' devices begin that are no render nodes.
const OTHER_DEVICES: [&str; 7] = ["nvidia", "dxg", "kfd", "kgsl", "mali", "pvr", "galcore"];

/// Takes Mesa's virtio driver to a GPU over a socket, with no device here.
const OVER_A_SOCKET: &str = "VN_DEBUG";

/// Longest manifest that is read.
const LONGEST: u64 = 64 << 10;

/// What is asked about drivers: variables of the environment, and the folder of devices.
struct System<'a> {
    variable: &'a dyn Fn(&str) -> Option<OsString>,
    devices: &'a Path,
}

/// The libraries of software renderers, where the loader could find no other driver that has a device; `None` where
/// there may be a GPU.
pub(super) fn only_software() -> Option<Vec<String>> {
    // Elsewhere drivers are not listed so. Where rights are raised the loader takes less from the environment.
    if !cfg!(target_os = "linux") || has_raised_rights() {
        return None;
    }
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    System { variable: &variable, devices: Path::new("/dev") }.only_software()
}

#[cfg(unix)]
fn has_raised_rights() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}

#[cfg(not(unix))]
fn has_raised_rights() -> bool {
    false
}

impl System<'_> {
    fn only_software(&self) -> Option<Vec<String>> {
        let is_told = INSTEAD.iter().any(|name| (self.variable)(name).is_some());
        // Loaders of some systems look into folders of their own, too, so where nobody has said which drivers to take
        // a device says that there is more than what is found here.
        if (self.variable)(OVER_A_SOCKET).is_some() || !is_told && self.has_a_device() {
            return None;
        }
        let mut renderers = Vec::new();
        let mut is_any_found = false;
        for manifest in self.manifests(is_told) {
            is_any_found = true;
            let library = library(&manifest)?;
            if SOFTWARE.contains(&library.as_str()) {
                renderers.push(library);
            } else if !self.lacks_its_device(&library) {
                return None;
            }
        }
        is_any_found.then_some(renderers)
    }

    /// The manifests that the loader would read, and perhaps more.
    fn manifests(&self, is_told: bool) -> Vec<PathBuf> {
        let mut found = Vec::new();
        // Loaders differ in which of the lists counts where there are several.
        for name in INSTEAD.into_iter().chain([BESIDE]) {
            for path in self.paths(name) {
                match path.is_dir() {
                    true => found.extend(manifests_in(&path)),
                    false => found.push(path),
                }
            }
        }
        if !is_told {
            found.extend(self.folders().iter().flat_map(|folder| manifests_in(folder)));
        }
        let [select, disable] = FILTERS.map(|name| self.patterns(name));
        found.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let is_among = |patterns: &[String]| patterns.iter().any(|p| is_match(p, &name));
            (select.is_empty() || is_among(&select)) && !is_among(&disable)
        });
        found
    }

    fn paths(&self, name: &str) -> Vec<PathBuf> {
        let value = (self.variable)(name).unwrap_or_default();
        std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect()
    }

    fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = ALWAYS.map(PathBuf::from).into();
        for (name, otherwise) in FOLDERS {
            let told = self.paths(name);
            if !told.is_empty() {
                folders.extend(told);
            } else if otherwise.starts_with('/') {
                folders.extend(otherwise.split(':').map(PathBuf::from));
            } else if let Some(home) = (self.variable)("HOME") {
                folders.push(Path::new(&home).join(otherwise));
            }
        }
        folders.iter().map(|folder| folder.join("vulkan/icd.d")).collect()
    }

    fn patterns(&self, name: &str) -> Vec<String> {
        let value = (self.variable)(name).unwrap_or_default();
        let patterns = value.to_string_lossy().to_lowercase();
        patterns.split(',').map(|p| p.trim().into()).filter(|p: &String| !p.is_empty()).collect()
    }

    fn lacks_its_device(&self, library: &str) -> bool {
        let (on_windows, its_device) = ON_WINDOWS;
        NEED_A_RENDER_NODE.contains(&library) && !self.has_a_device()
            || library == on_windows && !self.devices.join(its_device).exists()
    }

    /// Whether there is a device of a GPU's, by whatever driver.
    fn has_a_device(&self) -> bool {
        let is_any = |folder: &Path, names: &[&str]| {
            entries(folder).any(|name| names.iter().any(|begin| name.starts_with(begin)))
        };
        is_any(&self.devices.join("dri"), &["renderD"]) || is_any(self.devices, &OTHER_DEVICES)
    }
}

/// The names in a folder; none where there is no such folder.
fn entries(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

fn manifests_in(folder: &Path) -> Vec<PathBuf> {
    let names = entries(folder).filter(|name| name.ends_with(".json"));
    names.map(|name| folder.join(name)).collect()
}

/// Whether a name is as a pattern has it: whole, or with anything at an end where that has a `*`.
fn is_match(pattern: &str, name: &str) -> bool {
    let (begins_open, ends_open) = (pattern.starts_with('*'), pattern.ends_with('*'));
    let text = pattern.trim_matches('*');
    match (begins_open, ends_open) {
        (true, true) => name.contains(text),
        (true, false) => name.ends_with(text),
        (false, true) => name.starts_with(text),
        (false, false) => name == text,
    }
}

/// The file name of a manifest's library; `None` where that is not plain to see.
fn library(manifest: &Path) -> Option<String> {
    if fs::metadata(manifest).ok()?.len() > LONGEST {
        return None;
    }
    let text = fs::read_to_string(manifest).ok()?;
    let (_, after) = text.split_once("\"library_path\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (path, after) = value.split_once('"')?;
    let is_plain = !path.contains('\\') && !after.contains("\"library_path\"");
    is_plain.then(|| path.rsplit('/').next().unwrap_or(path).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with some manifests, devices and variables.
    struct Machine {
        folder: tempfile::TempDir,
        variables: Vec<(&'static str, String)>,
    }

    const LLVMPIPE: (&str, &str) = ("lvp_icd.x86_64.json", "/usr/lib/libvulkan_lvp.so");
    const RADEON: (&str, &str) = ("radeon_icd.x86_64.json", "libvulkan_radeon.so");
    const NVIDIA: (&str, &str) = ("nvidia_icd.json", "libGLX_nvidia.so.0");

    impl Machine {
        fn new(manifests: &[(&str, &str)], devices: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let listed = folder.path().join("share/vulkan/icd.d");
            fs::create_dir_all(&listed).unwrap();
            fs::create_dir_all(folder.path().join("dev/dri")).unwrap();
            for (name, library) in manifests {
                let text = format!("{{\"ICD\": {{\"library_path\" : \"{library}\"}}}}");
                fs::write(listed.join(name), text).unwrap();
            }
            for device in devices {
                fs::write(folder.path().join("dev").join(device), "").unwrap();
            }
            Self { folder, variables: Vec::new() }
        }

        /// With a variable in whose value `@` stands for the folder of manifests.
        fn with(mut self, name: &'static str, value: &str) -> Self {
            let listed = self.folder.path().join("share/vulkan/icd.d");
            self.variables.push((name, value.replace('@', listed.to_str().unwrap())));
            self
        }

        fn only_software(&self) -> Option<Vec<String>> {
            let path = self.folder.path();
            let variable = |name: &str| {
                let told = self.variables.iter().find(|(known, _)| *known == name);
                match (told, name) {
                    (Some((_, value)), _) => Some(value.into()),
                    (None, "XDG_DATA_DIRS") => Some(path.join("share").into()),
                    // Nothing of this machine's own.
                    (None, name) if name.starts_with("XDG_") => Some("/there/is/none".into()),
                    _ => None,
                }
            };
            let devices = path.join("dev");
            System { variable: &variable, devices: &devices }.only_software()
        }
    }

    fn llvmpipe() -> Option<Vec<String>> {
        Some(vec!["libvulkan_lvp.so".into()])
    }

    #[test]
    fn software_renderers_and_drivers_without_their_device_are_no_gpu() {
        assert_eq!(Machine::new(&[LLVMPIPE], &[]).only_software(), llvmpipe());
        assert_eq!(Machine::new(&[LLVMPIPE, RADEON], &[]).only_software(), llvmpipe());
        assert_eq!(Machine::new(&[RADEON], &[]).only_software(), Some(Vec::new()));
        // A screen without a GPU, as servers have it.
        assert_eq!(Machine::new(&[LLVMPIPE, RADEON], &["dri/card0"]).only_software(), llvmpipe());
    }

    #[test]
    fn what_is_not_known_may_be_a_gpu() {
        let dzn = ("dzn_icd.json", "libvulkan_dzn.so");
        for machine in [
            Machine::new(&[], &[]),
            Machine::new(&[LLVMPIPE, NVIDIA], &[]),
            Machine::new(&[LLVMPIPE, RADEON], &["dri/renderD128"]),
            Machine::new(&[LLVMPIPE], &["dri/renderD129"]),
            Machine::new(&[LLVMPIPE], &["nvidiactl"]),
            Machine::new(&[LLVMPIPE, dzn], &["dxg"]),
            Machine::new(&[LLVMPIPE, RADEON], &[]).with("VN_DEBUG", "vtest"),
            Machine::new(&[LLVMPIPE, ("a.json", "a\\u002fb.so")], &[]),
            Machine::new(&[LLVMPIPE], &[]).with("VK_ADD_DRIVER_FILES", "/there/is/none.json"),
            Machine::new(&[LLVMPIPE], &[]).with("VK_DRIVER_FILES", "/there/is/none.json"),
        ] {
            assert_eq!(machine.only_software(), None, "{:?}", machine.variables);
        }
        assert_eq!(Machine::new(&[LLVMPIPE, dzn], &[]).only_software(), llvmpipe());
    }

    #[test]
    fn the_environment_chooses() {
        let all = || Machine::new(&[LLVMPIPE, RADEON, NVIDIA], &["dri/renderD128", "nvidia0"]);
        for name in INSTEAD {
            assert_eq!(all().with(name, "@/lvp_icd.x86_64.json").only_software(), llvmpipe());
            let both = all().with(name, "@/lvp_icd.x86_64.json:@/nvidia_icd.json");
            assert_eq!(both.only_software(), None);
            assert_eq!(all().with(name, "@").only_software(), None, "a folder");
        }
        let llvmpipe_and = all().with("VK_DRIVER_FILES", "@/lvp_icd.x86_64.json");
        let llvmpipe_and = llvmpipe_and.with("VK_ADD_DRIVER_FILES", "@/radeon_icd.x86_64.json");
        assert_eq!(llvmpipe_and.only_software(), None);
        // With a device there may be drivers in folders that are not known here, but not without.
        let listed = || Machine::new(&[LLVMPIPE, NVIDIA], &[]);
        for (name, value) in [
            ("VK_LOADER_DRIVERS_SELECT", "LVP*"),
            ("VK_LOADER_DRIVERS_SELECT", "*radeon*, *x86_64.json"),
            ("VK_LOADER_DRIVERS_DISABLE", "*nvidia*"),
            ("VK_LOADER_DRIVERS_DISABLE", "nvidia_icd.json"),
        ] {
            assert_eq!(listed().with(name, value).only_software(), llvmpipe(), "{name}={value}");
        }
        for (name, value) in
            [("VK_LOADER_DRIVERS_SELECT", "*"), ("VK_LOADER_DRIVERS_DISABLE", "nvidia")]
        {
            assert_eq!(listed().with(name, value).only_software(), None, "{name}={value}");
        }
    }
}
