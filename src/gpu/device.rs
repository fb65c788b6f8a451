//! One device per process and adapter, opened when it is first wanted and closed with its last user.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use wgpu::{DeviceType, ErrorFilter, Features};

use super::drivers::only_software;
use super::{AdapterRequest, GpuError};
use crate::workers::lock;

/// What a device is asked for where its adapter has it, so that it can take the time of its own work.
pub(super) const CLOCK: Features =
    Features::TIMESTAMP_QUERY.union(Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// What a compute shader is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Shader {
    /// WGSL, one text after the other.
    pub texts: &'static [&'static str],
    /// The function it starts with.
    pub entry_point: &'static str,
    /// Values of its overridable constants.
    pub constants: Vec<(&'static str, u32)>,
}

/// An open device, shared by all that want its adapter.
#[derive(Debug)]
pub struct Device {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) bindings: wgpu::BindGroupLayout,
    pub(super) info: wgpu::AdapterInfo,
    name: Arc<str>,
    loss: Arc<Loss>,
    /// Of the process that opened it.
    process: u32,
    pipelines: Mutex<Vec<(Shader, wgpu::ComputePipeline)>>,
}

/// What has become known of a device's end.
#[derive(Debug, Default)]
struct Loss {
    is_lost: AtomicBool,
    is_blamed: AtomicBool,
    why: Mutex<Option<GpuError>>,
}

impl Loss {
    fn note(&self, error: GpuError) {
        lock(&self.why).get_or_insert(error);
        self.is_lost.store(true, Ordering::Release);
    }
}

/// The devices that are open, by the request that they were opened for and by their adapter.
static OPEN: Mutex<Vec<(AdapterRequest, wgpu::AdapterInfo, Weak<Device>)>> = Mutex::new(Vec::new());

/// The names of the adapters that were found for requests, and whether they are software renderers.
static NAMES: Mutex<Vec<(AdapterRequest, Arc<str>, bool)>> = Mutex::new(Vec::new());

/// Requests that no adapter was found for, why, and when: for a while nobody looks again.
static IN_VAIN: Mutex<Vec<(AdapterRequest, GpuError, Instant)>> = Mutex::new(Vec::new());

/// How long nobody looks again for an adapter that was not there.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The adapters whose devices have been examined and found good.
static TRUSTED: Mutex<Vec<wgpu::AdapterInfo>> = Mutex::new(Vec::new());

impl Device {
    /// The best device for a request: a discrete GPU before an integrated one, before a virtual one, before a
    /// software renderer. One that is open already is shared.
    ///
    /// This may take a second, most of it the driver's own start.
    ///
    /// # Errors
    ///
    /// Why there is none, see [`GpuError`].
    pub fn open(request: &AdapterRequest) -> Result<Arc<Self>, GpuError> {
        // Held while one is opened, so that all who want it at once get the same.
        let mut open = lock(&OPEN);
        open.retain(|(_, _, device)| device.upgrade().is_some_and(|device| device.check().is_ok()));
        let known = open.iter().find(|(known, ..)| known == request);
        if let Some(device) = known.and_then(|(.., device)| device.upgrade()) {
            return Ok(device);
        }
        let mut in_vain = lock(&IN_VAIN);
        in_vain.retain(|(.., when)| when.elapsed() < LOOK_AGAIN);
        if let Some((_, error, _)) = in_vain.iter().find(|(known, ..)| known == request) {
            return Err(error.clone());
        }
        let found = guarded(|| find(request)).inspect_err(|_| forget_instance())?;
        let adapter = found.inspect_err(|error| {
            // One that has been there may be back at any moment.
            let was_there = lock(&NAMES).iter().any(|(known, _, is_software)| {
                known.name == request.name && (request.may_be_software || !is_software)
            });
            match was_there {
                true => forget_instance(),
                false => in_vain.push((request.clone(), error.clone(), Instant::now())),
            }
        })?;
        let info = adapter.get_info();
        let known = open.iter().find(|(_, known, _)| *known == info);
        let device = match known.and_then(|(.., device)| device.upgrade()) {
            Some(device) => device,
            None => {
                let device = guarded(|| Self::new(&adapter, request.has_clock)).flatten();
                Arc::new(device.inspect_err(|_| forget_instance())?)
            }
        };
        open.push((request.clone(), info, Arc::downgrade(&device)));
        let mut names = lock(&NAMES);
        names.retain(|(known, ..)| known != request);
        names.push((request.clone(), device.name.clone(), device.is_software()));
        Ok(device)
    }

    fn new(adapter: &wgpu::Adapter, has_clock: bool) -> Result<Self, GpuError> {
        // What is less than WebGPU's own limits may be enough: the examination tells.
        let required_limits = wgpu::Limits::default().or_worse_values_from(&adapter.limits());
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("colorshine"),
            required_limits,
            required_features: if has_clock {
                adapter.features() & CLOCK
            } else {
                Features::empty()
            },
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        });
        let (device, queue) =
            pollster::block_on(request).map_err(|error| GpuError::NoDevice(error.to_string()))?;
        let loss = Arc::new(Loss::default());
        let noted = loss.clone();
        device.set_device_lost_callback(move |_, why| noted.note(GpuError::Lost(why)));
        let noted = loss.clone();
        device.on_uncaptured_error(Arc::new(move |error| noted.note(GpuError::from(error))));
        let bindings = bindings(&device);
        let info = adapter.get_info();
        Ok(Self {
            device,
            queue,
            bindings,
            name: info.name.as_str().into(),
            info,
            loss,
            process: std::process::id(),
            pipelines: Mutex::default(),
        })
    }

    /// The adapter's name, as its driver gives it.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The name of the adapter that was last found for a request, whether its device is still open or not.
    pub fn name_for(request: &AdapterRequest) -> Option<Arc<str>> {
        let names = lock(&NAMES);
        names.iter().find(|(known, ..)| known == request).map(|(_, name, _)| name.clone())
    }

    /// Whether it is a software renderer.
    pub fn is_software(&self) -> bool {
        self.info.device_type == DeviceType::Cpu
    }

    /// Most bytes of one binding.
    pub fn binding_limit(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }

    /// Whether it can still be used.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn check(&self) -> Result<(), GpuError> {
        if self.process != std::process::id() {
            return Err(GpuError::Forked);
        }
        if !self.loss.is_lost.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(lock(&self.loss.why).clone().unwrap_or(GpuError::Lost(String::new())))
    }

    /// Examines the device, unless one of its adapter's has passed before.
    ///
    /// # Errors
    ///
    /// What the examination has found.
    pub fn examined_by(
        self: &Arc<Self>,
        examine: impl FnOnce(&Arc<Self>) -> Result<(), GpuError>,
    ) -> Result<(), GpuError> {
        // Not held meanwhile: streams ask for it.
        let is_trusted = lock(&TRUSTED).contains(&self.info);
        if !is_trusted {
            examine(self)?;
            lock(&TRUSTED).push(self.info.clone());
        }
        Ok(())
    }

    /// Takes note of an error of the device. If the device is lost by it, the next device of this adapter is examined
    /// anew. One that does not answer is given up: whoever else uses it finds it lost, and it is never closed, since
    /// that would wait for work which may never end.
    pub fn blame(self: &Arc<Self>, error: &GpuError) {
        if !error.is_loss() || self.loss.is_blamed.swap(true, Ordering::AcqRel) {
            return;
        }
        lock(&TRUSTED).retain(|known| *known != self.info);
        if matches!(error, GpuError::Timeout(_) | GpuError::Panicked) {
            std::mem::forget(self.clone());
            self.loss.note(error.clone());
        }
    }

    /// Does something with the device, and says so if the device objects.
    pub(super) fn attempt<T>(
        &self,
        work: impl FnOnce(&wgpu::Device, &wgpu::Queue) -> T,
    ) -> Result<T, GpuError> {
        self.check()?;
        let (done, errors) = guarded(|| {
            let scopes = [ErrorFilter::Internal, ErrorFilter::Validation, ErrorFilter::OutOfMemory]
                .map(|filter| self.device.push_error_scope(filter));
            let done = work(&self.device, &self.queue);
            let mut errors = None;
            for scope in scopes.into_iter().rev() {
                errors = errors.or(pollster::block_on(scope.pop()));
            }
            (done, errors)
        })?;
        // A lost device objects, too; that it is lost says more.
        self.check()?;
        match errors {
            Some(error) => Err(error.into()),
            None => Ok(done),
        }
    }

    /// The pipeline of a shader, compiled when it is first asked for.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn pipeline(&self, shader: &Shader) -> Result<wgpu::ComputePipeline, GpuError> {
        // Held meanwhile: who wants the same one should wait for it.
        let mut pipelines = lock(&self.pipelines);
        if let Some((_, pipeline)) = pipelines.iter().find(|(known, _)| known == shader) {
            return Ok(pipeline.clone());
        }
        let constants: Vec<(&str, f64)> =
            shader.constants.iter().map(|(name, value)| (*name, f64::from(*value))).collect();
        let text = shader.texts.concat();
        let module = wgpu::naga::front::wgsl::parse_str(&text)
            .map_err(|error| GpuError::Refused(error.emit_to_string(&text)))?;
        let pipeline = self.attempt(|device, _| {
            // As a text, builds that are watched by a validation layer would put it into what the driver gets, and
            // layers of some age refuse to look at what names WGSL as its source.
            let source = wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(module));
            let module =
                device.create_shader_module(wgpu::ShaderModuleDescriptor { label: None, source });
            let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                bind_group_layouts: &[Some(&self.bindings)],
                ..Default::default()
            });
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: Some(&layout),
                module: &module,
                entry_point: Some(shader.entry_point),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &constants,
                    ..Default::default()
                },
                cache: None,
            })
        })?;
        pipelines.push((shader.clone(), pipeline.clone()));
        Ok(pipeline)
    }

    /// Whether a shader's pipeline is there already; no, where others are being compiled.
    pub fn has_pipeline(&self, shader: &Shader) -> bool {
        let pipelines = self.pipelines.try_lock();
        pipelines.is_ok_and(|pipelines| pipelines.iter().any(|(known, _)| known == shader))
    }

    /// Memory for what shaders read.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn memory(&self, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, GpuError> {
        self.attempt(|device, _| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes,
                usage,
                mapped_at_creation: false,
            })
        })
    }

    /// Fills memory, ahead of all work that is submitted later.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn fill(&self, buffer: &wgpu::Buffer, bytes: &[u8]) -> Result<(), GpuError> {
        #[cfg(test)]
        super::fault::before(super::fault::Step::Fill, self)?;
        self.attempt(|_, queue| queue.write_buffer(buffer, 0, bytes))
    }

    /// Takes the device away, as a driver may at any time.
    #[cfg(test)]
    pub(crate) fn destroy(&self) {
        self.device.destroy();
    }
}

impl From<wgpu::Error> for GpuError {
    fn from(error: wgpu::Error) -> Self {
        match error {
            wgpu::Error::OutOfMemory { source } => Self::OutOfMemory(source.to_string()),
            wgpu::Error::Validation { description, .. }
            | wgpu::Error::Internal { description, .. } => Self::Refused(description),
        }
    }
}

/// What drivers and the libraries around them may do wrong ends here.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, GpuError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| GpuError::Panicked)
}

/// What has found adapters before. It is kept for the life of the process, as drivers are not made to be loaded again
/// and again: after some twenty times NVIDIA's finds no GPU any more.
static INSTANCE: Mutex<Option<wgpu::Instance>> = Mutex::new(None);

/// Lets the next search load the drivers anew: they may be others by now.
fn forget_instance() {
    lock(&INSTANCE).take();
}

/// All adapters that there are now.
fn adapters() -> Vec<wgpu::Adapter> {
    let all = |instance: &wgpu::Instance| {
        pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY))
    };
    let mut kept = lock(&INSTANCE);
    if let Some(adapters) = kept.as_ref().map(all).filter(|adapters| !adapters.is_empty()) {
        return adapters;
    }
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::PRIMARY,
        flags: instance_flags(),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let adapters = all(&instance);
    *kept = Some(instance).filter(|_| !adapters.is_empty());
    adapters
}

/// The best adapter for a request.
fn find(request: &AdapterRequest) -> Result<wgpu::Adapter, GpuError> {
    if !request.may_be_software
        && let Some(renderers) = only_software()
    {
        // By the names that adapters of these drivers have.
        let means_one = |name: &String| {
            ["llvmpipe", "swiftshader"].iter().any(|known| known.contains(&*name.to_lowercase()))
        };
        let is_there = !renderers.is_empty() && request.name.as_ref().is_none_or(means_one);
        return Err(match is_there {
            true => GpuError::OnlySoftware(renderers.join(", ")),
            false => GpuError::NoAdapter(request.name.clone(), renderers),
        });
    }
    let mut adapters = adapters();
    adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));
    let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    let wanted = request.name.as_ref().map(|name| name.to_lowercase());
    adapters.retain(|adapter| {
        let name = adapter.get_info().name.to_lowercase();
        wanted.as_ref().is_none_or(|wanted| name.contains(wanted))
    });
    let Some(best) = adapters.into_iter().next() else {
        return Err(GpuError::NoAdapter(request.name.clone(), names));
    };
    let info = best.get_info();
    match info.device_type == DeviceType::Cpu && !request.may_be_software {
        true => Err(GpuError::OnlySoftware(info.name)),
        false => Ok(best),
    }
}

/// Builds with debug assertions turn a validation layer on where the environment asks for it (`WGPU_DEBUG=1` and
/// `WGPU_VALIDATION=1`), and not wherever one is installed: layers take their time, and that of Debian 12 stalls where
/// several threads use a device.
fn instance_flags() -> wgpu::InstanceFlags {
    let flags = wgpu::InstanceFlags::from_build_config() - wgpu::InstanceFlags::debugging();
    if cfg!(debug_assertions) { flags.with_env() } else { flags }
}

fn rank(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

/// What every shader may bind: parameters, what it reads, what it writes, the look, thresholds of dither
/// and tables.
fn bindings(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    let kinds = [
        wgpu::BufferBindingType::Uniform,
        storage(true),
        storage(false),
        storage(true),
        storage(true),
        storage(true),
    ];
    let mut binding = 0..;
    let entries = kinds.map(|ty| wgpu::BindGroupLayoutEntry {
        binding: binding.next().unwrap_or_default(),
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    });
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    })
}
