//! A device in words, for reports of what it does wrong.

use super::Device;

impl Device {
    /// What is known of the adapter and its driver, and the limits that matter here: names and values.
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let info = &self.info;
        let limits = self.device.limits();
        let group = [
            limits.max_compute_workgroup_size_x,
            limits.max_compute_workgroup_size_y,
            limits.max_compute_workgroup_size_z,
        ];
        vec![
            ("adapter", info.name.clone()),
            ("kind", format!("{:?}", info.device_type)),
            ("vendor and device", format!("{:#06x}, {:#06x}", info.vendor, info.device)),
            ("driver", info.driver.clone()),
            ("driver's version", info.driver_info.clone()),
            ("API", info.backend.to_string()),
            ("subgroup", format!("{} to {}", info.subgroup_min_size, info.subgroup_max_size)),
            ("bytes of a buffer", limits.max_buffer_size.to_string()),
            ("bytes of a binding", self.binding_limit().to_string()),
            ("bytes of a uniform binding", limits.max_uniform_buffer_binding_size.to_string()),
            (
                "alignment of bindings",
                format!(
                    "{} uniform, {} storage",
                    limits.min_uniform_buffer_offset_alignment,
                    limits.min_storage_buffer_offset_alignment
                ),
            ),
            ("bytes of a work group", limits.max_compute_workgroup_storage_size.to_string()),
            (
                "invocations of a work group",
                format!("{}, {group:?}", limits.max_compute_invocations_per_workgroup),
            ),
            ("work groups", limits.max_compute_workgroups_per_dimension.to_string()),
        ]
    }
}
