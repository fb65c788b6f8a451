//! The machine's memory.

/// Taken for the machine's memory where the system does not tell.
const UNKNOWN: u64 = 4 << 30;

/// Bytes of memory of this machine, from `/proc/meminfo`; 4 GiB where there is none.
pub fn machine_memory() -> u64 {
    let kibibytes = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    kibibytes.map_or(UNKNOWN, |kibibytes| kibibytes * 1024)
}
