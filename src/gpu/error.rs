//! What can go wrong on the way over the GPU.

use std::fmt;
use std::time::Duration;

/// Why the GPU cannot be used, or can no longer.
#[derive(Clone, Debug, PartialEq)]
pub enum GpuError {
    /// The plugin was built without the way over the GPU.
    NotBuilt,
    /// There is none, or none by that name: the name, and those that are there.
    NoAdapter(Option<String>, Vec<String>),
    /// Only a software renderer: its name.
    OnlySoftware(String),
    /// The driver gives no device: what it says.
    NoDevice(String),
    /// The device is gone: what the driver says.
    Lost(String),
    /// The device has no memory left: what it says.
    OutOfMemory(String),
    /// The device refuses what it is asked to do: what it says.
    Refused(String),
    /// Memory could not be mapped.
    Unmapped,
    /// It has not answered for so long.
    Timeout(Duration),
    /// The process was forked after the device was opened.
    Forked,
    /// A small frame came out wrong: the largest difference, in codes.
    WrongPicture(u32),
    /// `memory-limit` leaves too little memory: the bytes needed, and those left.
    MemoryLimit(u64, u64),
    /// Two rows of the frame are more than the device takes at once: the bytes, and those it takes.
    TooWide(u64, u64),
    /// The look's .cube files are too steep, or their numbers too large, for 32-bit floats.
    Unsuited,
    /// Frames of this format are not for the GPU.
    Layout,
    /// The driver or what leads to it has panicked.
    Panicked,
}

/// What to do about a [`GpuError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The GPU can be used with more bytes than these.
    MoreMemory(u64),
    /// A device is opened again after a while.
    Retry,
    /// There is none: in this stream, or for this look.
    None,
}

impl GpuError {
    /// What to do about it, where a device has been there before, or none has.
    pub fn remedy(&self, was_there: bool) -> Remedy {
        match self {
            Self::MemoryLimit(_, memory) => Remedy::MoreMemory(*memory),
            Self::NotBuilt | Self::Forked | Self::Unsuited | Self::TooWide(..) | Self::Layout => {
                Remedy::None
            }
            // One that has been there may come back.
            Self::NoAdapter(..)
            | Self::OnlySoftware(_)
            | Self::NoDevice(_)
            | Self::WrongPicture(_)
            | Self::Refused(_) => {
                if was_there {
                    Remedy::Retry
                } else {
                    Remedy::None
                }
            }
            Self::Lost(_)
            | Self::OutOfMemory(_)
            | Self::Unmapped
            | Self::Timeout(_)
            | Self::Panicked => Remedy::Retry,
        }
    }

    /// Whether `backend=auto` has to reckon with it, so that no warning is due; where an adapter is named, most are not
    /// expected.
    pub fn is_expected(&self, is_named: bool) -> bool {
        match self {
            Self::NotBuilt | Self::Layout => true,
            Self::NoAdapter(name, _) => name.is_none(),
            Self::OnlySoftware(_) | Self::NoDevice(_) => !is_named,
            _ => false,
        }
    }

    /// Whether a device was there and is of no more use.
    pub fn is_loss(&self) -> bool {
        use GpuError::{Lost, OutOfMemory, Panicked, Refused, Timeout, Unmapped};
        matches!(self, Lost(_) | OutOfMemory(_) | Refused(_) | Unmapped | Timeout(_) | Panicked)
    }
}

impl fmt::Display for GpuError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBuilt => {
                write!(f, "backend=gpu: this plugin was built without the cargo feature gpu")
            }
            Self::NoAdapter(None, _) => {
                write!(f, "no GPU is found (no driver for Vulkan, Metal or Direct3D 12)")
            }
            Self::NoAdapter(Some(name), found) if found.is_empty() => {
                write!(
                    f,
                    "property gpu-adapter: no GPU is found at all, so none whose name has \"{name}\""
                )
            }
            Self::NoAdapter(Some(name), found) => write!(
                f,
                "property gpu-adapter: no GPU's name has \"{name}\", there are: {}",
                found.join(", ")
            ),
            Self::OnlySoftware(name) => {
                write!(f, "the GPU that is found, {name}, is a software renderer")
            }
            Self::NoDevice(why) => write!(f, "the GPU cannot be opened: {why}"),
            Self::Lost(why) => write!(f, "the GPU is lost: {why}"),
            Self::OutOfMemory(why) => write!(f, "the GPU is out of memory: {why}"),
            Self::Refused(why) => write!(f, "the GPU refuses the work: {why}"),
            Self::Unmapped => write!(f, "the GPU's memory could not be mapped"),
            Self::Timeout(time) => write!(f, "the GPU has not answered for {time:?}"),
            Self::Forked => write!(f, "the process was forked, which GPUs do not survive"),
            Self::WrongPicture(codes) => {
                write!(f, "the GPU draws a test picture wrong, by up to {codes} codes")
            }
            Self::MemoryLimit(need, left) => write!(
                f,
                "property memory-limit leaves {left} bytes for the way over the GPU, which needs {need}: {} more",
                need.saturating_sub(*left)
            ),
            Self::TooWide(bytes, most) => write!(
                f,
                "two rows of the frame have {bytes} bytes, and the GPU takes no more than {most} at once"
            ),
            Self::Unsuited => write!(f, "this look's .cube files need more than a GPU's precision"),
            Self::Layout => write!(f, "frames of this format are not for the GPU"),
            Self::Panicked => write!(f, "the GPU's driver has panicked"),
        }
    }
}

impl std::error::Error for GpuError {}
