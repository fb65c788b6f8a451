//! Which module may use which: dependencies run one way, and there is no circle among the modules of a folder. What a
//! module and its own parent use of each other is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// Names from a crate's root down to a module or an item.
type Names = Vec<String>;

/// A folder, and its modules in an order in which each may only use those before it.
type Order = (&'static str, &'static [&'static str]);

/// Crates by the folders of their sources, with orders of some of the folders below.
const CRATES: &[(&str, &[Order])] = &[
    (
        "core/src",
        &[(
            "",
            &[
                "workers",
                "tolerances",
                "color",
                "cube",
                "attractor",
                "model",
                "tolerance",
                "lut",
                "frame",
                "apply",
            ],
        )],
    ),
    ("video/src", &[]),
    ("framehash/core/src", &[]),
    (
        "src",
        &[
            ("", &["telemetry", "workers", "gpu", "apply", "engine", "error", "colorshine"]),
            (
                "engine",
                &[
                    "caps",
                    "means",
                    "recipe",
                    "baker",
                    "census",
                    "measured",
                    "plan",
                    "screen",
                    "gpu",
                    "frame_path",
                ],
            ),
        ],
    ),
    ("tools/src", &[]),
    ("tools/src/bin/shine", &[]),
    ("tools/src/bin/transcode", &[]),
];

/// A module's file.
struct Module {
    /// Names that it re-exports, and what they stand for.
    reexports: BTreeMap<String, Names>,
    /// What it names.
    paths: BTreeSet<Names>,
    /// Modules of its own that are there in tests alone.
    tests: BTreeSet<Names>,
}

/// The modules of a crate, by their names.
fn modules(folder: &str) -> BTreeMap<Names, Module> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut modules = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && entry.file_name() != "bin" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let names = names_of(path.strip_prefix(&root).unwrap());
                let text = fs::read_to_string(&path).unwrap();
                let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
                let mut seen = Seen { module: names.clone(), ..Seen::default() };
                seen.visit_file(&file);
                let Seen { reexports, paths, tests, .. } = seen;
                modules.insert(names, Module { reexports, paths, tests });
            }
        }
    }
    let tests: Vec<Names> = modules.values().flat_map(|module| module.tests.clone()).collect();
    modules.retain(|names, _| !tests.iter().any(|test| names.starts_with(test)));
    modules
}

fn names_of(path: &Path) -> Names {
    let path: PathBuf = path.with_extension("");
    let mut names: Names = path.iter().map(|name| name.to_str().unwrap().to_string()).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        names.pop();
    }
    names
}

/// What a file names, tests apart.
#[derive(Default)]
struct Seen {
    module: Names,
    reexports: BTreeMap<String, Names>,
    paths: BTreeSet<Names>,
    tests: BTreeSet<Names>,
}

impl Seen {
    /// From the crate's root, where a path says how to get there.
    fn absolute(&self, path: &[String]) -> Option<Names> {
        let supers = path.iter().take_while(|name| *name == "super").count();
        let (mut names, rest) = match path.first().map(String::as_str)? {
            "crate" => (Names::new(), &path[1..]),
            "self" => (self.module.clone(), &path[1..]),
            "super" => {
                (self.module[..self.module.len().checked_sub(supers)?].into(), &path[supers..])
            }
            _ => return None,
        };
        names.extend_from_slice(rest);
        Some(names)
    }

    fn add(&mut self, path: &[String]) -> Option<Names> {
        let names = self.absolute(path)?;
        self.paths.insert(names.clone());
        Some(names)
    }

    fn add_tree(&mut self, before: &Names, tree: &syn::UseTree, is_public: bool) {
        let with = |name: &syn::Ident| [before.as_slice(), &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree, is_public),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_tree(before, tree, is_public));
            }
            syn::UseTree::Glob(_) => drop(self.add(before)),
            syn::UseTree::Name(name) => self.add_use(with(&name.ident), &name.ident, is_public),
            syn::UseTree::Rename(name) => self.add_use(with(&name.ident), &name.rename, is_public),
        }
    }

    fn add_use(&mut self, path: Names, name: &syn::Ident, is_public: bool) {
        let is_of_child = !["crate", "self", "super"].contains(&path[0].as_str());
        let target = match is_of_child {
            true => Some([self.module.clone(), path].concat()),
            false => self.add(&path),
        };
        if let Some(target) = target.filter(|_| is_public) {
            self.reexports.insert(name.to_string(), target);
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                let words = list.tokens.to_string();
                words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
            })
    })
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            self.tests.insert([self.module.as_slice(), &[item.ident.to_string()]].concat());
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) {
            let is_public = !matches!(item.vis, syn::Visibility::Inherited);
            self.add_tree(&Names::new(), &item.tree, is_public);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let text = call.tokens.to_string();
        let words: Vec<&str> = text.split_whitespace().collect();
        for (index, word) in words.iter().enumerate() {
            if matches!(*word, "crate" | "super") && words.get(index + 1) == Some(&"::") {
                let each = words[index..].chunks(2);
                let path = each.take_while(|pair| pair.get(1) == Some(&"::"));
                self.add(&path.map(|pair| pair[0].to_string()).collect::<Names>());
            }
        }
        visit::visit_macro(self, call);
    }
}

/// The module in which an item is written, whoever re-exports it.
fn home(modules: &BTreeMap<Names, Module>, path: &Names) -> Names {
    let length =
        (0..=path.len()).rev().find(|end| modules.contains_key(&path[..*end])).unwrap_or(0);
    let module = &path[..length];
    let reexport = path.get(length).and_then(|name| modules.get(module)?.reexports.get(name));
    match reexport {
        Some(target) if target != path => home(modules, target),
        _ => module.to_vec(),
    }
}

/// Of each folder of a crate, which of its modules use which others, with a file that shows it.
fn uses(modules: &BTreeMap<Names, Module>) -> BTreeMap<Names, BTreeMap<(String, String), Names>> {
    let mut uses: BTreeMap<Names, BTreeMap<(String, String), Names>> = BTreeMap::new();
    for (user, module) in modules {
        for path in &module.paths {
            let used = home(modules, path);
            let common = user.iter().zip(&used).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (user.get(common), used.get(common)) {
                let folder = uses.entry(user[..common].to_vec()).or_default();
                folder.entry((from.clone(), to.clone())).or_insert_with(|| user.clone());
            }
        }
    }
    uses
}

/// A way from a module back to itself.
fn circle(uses: &BTreeMap<(String, String), Names>) -> Option<Vec<String>> {
    fn follow(uses: &BTreeMap<(String, String), Names>, way: &mut Vec<String>) -> bool {
        let here = way.last().cloned().unwrap_or_default();
        for (_, to) in uses.keys().filter(|(from, _)| *from == here) {
            let is_back = way.contains(to);
            way.push(to.clone());
            if is_back || follow(uses, way) {
                return true;
            }
            way.pop();
        }
        false
    }
    uses.keys().find_map(|(from, _)| {
        let mut way = vec![from.clone()];
        follow(uses, &mut way).then_some(way)
    })
}

#[test]
fn modules_use_each_other_one_way() {
    let mut wrong = Vec::new();
    for (folder, orders) in CRATES {
        let modules = modules(folder);
        assert!(modules.len() > 2, "{folder} has {} modules", modules.len());
        let uses = uses(&modules);
        for (inside, uses) in &uses {
            if let Some(way) = circle(uses) {
                wrong.push(format!("{folder}/{}: {}", inside.join("/"), way.join(" -> ")));
            }
        }
        for (inside, order) in *orders {
            let names: Names =
                inside.split('/').filter(|name| !name.is_empty()).map(String::from).collect();
            let children = modules
                .keys()
                .filter(|module| module.len() == names.len() + 1 && module.starts_with(&names));
            let children: BTreeSet<&str> =
                children.filter_map(|child| child.last()).map(String::as_str).collect();
            assert_eq!(
                children,
                order.iter().copied().collect(),
                "the modules of {folder}/{inside}"
            );
            let at = |name: &String| order.iter().position(|known| known == name);
            for ((from, to), file) in uses.get(&names).into_iter().flatten() {
                if at(from) <= at(to) {
                    wrong.push(format!("{folder}/{}: {from} uses {to}", file.join("/")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn circles_are_found() {
    let uses = |pairs: &[(&str, &str)]| {
        let pair = |(from, to): &(&str, &str)| ((from.to_string(), to.to_string()), Names::new());
        circle(&pairs.iter().map(pair).collect())
    };
    assert_eq!(uses(&[("a", "b"), ("b", "c"), ("a", "c")]), None);
    assert!(uses(&[("a", "b"), ("b", "c"), ("c", "b")]).is_some());
}
