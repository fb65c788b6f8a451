//! Vectors and matrices as 32-bit words of a GPU's storage buffer.
//!
//! WGSL puts `vec3<f32>` and each column of `mat3x3<f32>` where a multiple of four words begins; a scalar
//! may take the place behind a vector.

use super::lanes::{Matrix32, RgbSpace32};

/// `vec3<f32>`, and the word behind it.
pub(crate) fn vec3(v: [f32; 3], behind: u32) -> [u32; 4] {
    [v[0].to_bits(), v[1].to_bits(), v[2].to_bits(), behind]
}

/// `mat3x3<f32>`, whose columns come one after the other.
pub(crate) fn mat3x3(m: &Matrix32) -> [u32; 12] {
    let columns = [0, 1, 2].map(|j| vec3([m[0][j], m[1][j], m[2][j]], 0));
    std::array::from_fn(|i| columns[i / 4][i % 4])
}

impl RgbSpace32 {
    /// `RgbSpace` of `shaders/color.wgsl`.
    pub(crate) fn shader_data(&self) -> impl Iterator<Item = u32> {
        let matrices = [&self.rgb_to_lms, &self.lms_to_rgb, &self.roots_to_lab, &self.lab_to_roots];
        matrices.into_iter().flat_map(mat3x3)
    }
}

/// What naga makes of a shader, for tests that hold words and shaders together.
#[cfg(test)]
pub(crate) mod reflection {
    use naga::{Expression, Literal, Module, TypeInner};

    /// The module of a shader's files.
    pub(crate) fn module(files: &[&str]) -> Module {
        let text = files.concat();
        naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string(&text)))
    }

    /// The numbers of a constant: one, or those of an array.
    pub(crate) fn constant(module: &Module, name: &str) -> Vec<f64> {
        let of_name = |c: &naga::Constant| c.name.as_deref() == Some(name);
        let found = module.constants.iter().find(|(_, constant)| of_name(constant));
        let (_, constant) = found.unwrap_or_else(|| panic!("no constant {name}"));
        let number = |expression: &Expression| match expression {
            Expression::Literal(Literal::F32(v)) => f64::from(*v),
            Expression::Literal(Literal::AbstractFloat(v)) => *v,
            Expression::Literal(Literal::U32(v)) => f64::from(*v),
            other => panic!("{name}: {other:?}"),
        };
        match &module.global_expressions[constant.init] {
            Expression::Compose { components, .. } => {
                components.iter().map(|c| number(&module.global_expressions[*c])).collect()
            }
            expression => vec![number(expression)],
        }
    }

    /// A buffer's words, read by the names that the shader has for them.
    pub(crate) struct Reader<'a> {
        pub(crate) module: &'a Module,
        pub(crate) words: &'a [u32],
    }

    impl Reader<'_> {
        /// The words of a member, by the way to it, such as `Look.to_oklab.low` or `Look.pulls[1].lab`:
        /// those that are scalars of it, in order, without what lies between them.
        pub(crate) fn values(&self, path: &str) -> Vec<u32> {
            let mut steps = path.split('.');
            let name = steps.next();
            let (mut ty, _) =
                self.module.types.iter().find(|(_, t)| t.name.as_deref() == name).unwrap();
            let mut at = 0;
            for step in steps {
                let (name, index) = match step.split_once('[') {
                    Some((name, index)) => (name, index.trim_end_matches(']').parse().ok()),
                    None => (step, None),
                };
                let TypeInner::Struct { members, .. } = &self.module.types[ty].inner else {
                    panic!("{path}: no struct");
                };
                let member = members.iter().find(|m| m.name.as_deref() == Some(name));
                let member = member.unwrap_or_else(|| panic!("{path}: no {name}"));
                (ty, at) = (member.ty, at + member.offset);
                if let Some(index) = index {
                    let TypeInner::Array { base, stride, .. } = self.module.types[ty].inner else {
                        panic!("{path}: no array");
                    };
                    let index: u32 = index;
                    (ty, at) = (base, at + index * stride);
                }
            }
            let mut out = Vec::new();
            self.scalars(ty, at, &mut out);
            out
        }

        /// The same as floats.
        pub(crate) fn floats(&self, path: &str) -> Vec<f32> {
            self.values(path).into_iter().map(f32::from_bits).collect()
        }

        fn scalars(&self, ty: naga::Handle<naga::Type>, at: u32, out: &mut Vec<u32>) {
            let mut read = |at: u32, count: u32| {
                out.extend((0..count).map(|i| self.words[(at / 4 + i) as usize]));
            };
            match &self.module.types[ty].inner {
                TypeInner::Scalar(_) => read(at, 1),
                TypeInner::Vector { size, .. } => read(at, *size as u32),
                TypeInner::Matrix { columns, .. } => {
                    (0..*columns as u32).for_each(|column| read(at + 16 * column, 3));
                }
                TypeInner::Struct { members, .. } => {
                    members.iter().for_each(|m| self.scalars(m.ty, at + m.offset, out));
                }
                other => panic!("not read: {other:?}"),
            }
        }

        /// Bytes of a struct, with one element of what it ends in.
        pub(crate) fn size(&self, name: &str) -> u32 {
            let of_name = |t: &naga::Type| t.name.as_deref() == Some(name);
            let (_, ty) = self.module.types.iter().find(|(_, ty)| of_name(ty)).unwrap();
            ty.inner.size(self.module.to_ctx())
        }
    }
}
