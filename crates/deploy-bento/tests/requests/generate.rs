//! Configurations at random, the same in every run: mostly sensible, with odd values where they may hurt.

use crate::Case;
use crate::chance::{KEYS, NUMBERS, ODD, Random, SERVICES, TEXTS};
use crate::states::STATES;

/// Makes one value, of one kind.
type Make = fn(&mut Maker) -> String;

struct Maker {
    random: Random,
    /// How many odd values this file may still get.
    odd: usize,
}

impl Maker {
    /// A value of this kind, or an odd one.
    fn value(&mut self, kind: impl FnOnce(&mut Self) -> String) -> String {
        if self.odd > 0 && self.random.one_in(8) {
            self.odd -= 1;
            return self.random.pick(ODD).to_owned();
        }
        if self.random.one_in(40) { "null".into() } else { kind(self) }
    }

    fn of(&mut self, from: &'static [&'static str]) -> String {
        self.value(|this| this.random.pick(from).to_owned())
    }

    /// Some of these keys, in flow style.
    fn mapping(&mut self, keys: &[(&str, usize, Make)]) -> String {
        let mut parts = Vec::new();
        for (name, one_in, value) in keys {
            if self.random.one_in(*one_in) {
                parts.push(format!("{name}: {}", value(self)));
            }
        }
        if self.odd > 0 && self.random.one_in(25) {
            parts.push("typo: x".into());
        }
        format!("{{{}}}", parts.join(", "))
    }

    fn list(&mut self, item: Make) -> String {
        let items: Vec<_> = (0..self.random.below(3)).map(|_| self.value(item)).collect();
        format!("[{}]", items.join(", "))
    }

    fn each(&mut self, names: &[&str], value: Make) -> String {
        let count = self.random.below(3);
        let mut entries: Vec<String> = Vec::new();
        for _ in 0..count {
            let name = self.random.pick(names);
            if !entries.iter().any(|entry| entry.starts_with(&format!("{name}: "))) {
                entries.push(format!("{name}: {}", self.value(value)));
            }
        }
        format!("{{{}}}", entries.join(", "))
    }

    fn pair(&mut self, key: &str, value: &str) -> String {
        let lacks = self.odd > 0 && self.random.one_in(20);
        let name = self.value(|this| this.random.pick(&["A", "TOKEN", "team", "1", "x.y"]).to_owned());
        if lacks { format!("{{{key}: {name}}}") } else { format!("{{{key}: {name}, {value}: {}}}", self.of(TEXTS)) }
    }

    fn envs(&mut self) -> String {
        self.value(|this| this.list(|this| this.pair("name", "value")))
    }

    fn labels(&mut self) -> String {
        self.value(|this| this.list(|this| this.pair("key", "value")))
    }

    fn secrets(&mut self) -> String {
        self.value(|this| this.list(|this| this.random.pick(&["hf", "aws-1", "2024", "'x'"]).to_owned()))
    }

    /// Anything, as deep as three levels.
    fn free(&mut self) -> String {
        fn anything(this: &mut Maker, depth: usize) -> String {
            match this.random.below(if depth == 0 { 2 } else { 4 }) {
                0 => this.of(TEXTS),
                1 => this.random.pick(NUMBERS).to_owned(),
                2 => format!("[{}, {}]", anything(this, depth - 1), anything(this, depth - 1)),
                _ => format!("{{{}: {}}}", this.random.pick(KEYS), anything(this, depth - 1)),
            }
        }
        self.value(|this| {
            let (key, other) = (this.random.pick(KEYS), anything(this, 2));
            format!("{{{key}: {other}, traffic: {{timeout: {}}}}}", this.random.pick(NUMBERS))
        })
    }

    fn scaling(&mut self) -> String {
        self.value(|this| {
            this.mapping(&[
                ("min_replicas", 2, |this| this.of(NUMBERS)),
                ("max_replicas", 2, |this| this.of(NUMBERS)),
                ("policy", 4, |this| {
                    this.value(|this| {
                        this.mapping(&[
                            ("metrics", 2, |this| {
                                this.value(|this| {
                                    this.list(|this| {
                                        format!("{{type: {}, value: {}}}", this.of(TEXTS), this.of(NUMBERS))
                                    })
                                })
                            }),
                            ("scale_up_behavior", 2, |this| this.of(&["fast", "stable", "disabled"])),
                            ("scale_down_behavior", 3, |this| this.of(&["fast", "stable"])),
                            ("scale_up_stabilization_window", 3, |this| this.of(NUMBERS)),
                            ("scale_down_stabilization_window", 3, |this| this.of(NUMBERS)),
                        ])
                    })
                }),
            ])
        })
    }

    fn extras(&mut self) -> String {
        self.value(|this| {
            this.mapping(&[
                ("bento_function_overrides", 2, |this| {
                    this.value(|this| {
                        this.mapping(&[
                            ("annotations", 2, |this| this.value(|this| this.each(KEYS, |this| this.of(TEXTS)))),
                            ("monitorExporter", 4, Maker::free),
                            ("extraPodMetadata", 4, Maker::free),
                            ("extraPodSpec", 4, Maker::free),
                        ])
                    })
                }),
                ("bento_request_overrides", 2, |this| {
                    this.value(|this| {
                        this.mapping(&[
                            ("imageBuildTimeout", 2, |this| this.of(NUMBERS)),
                            ("imageBuilderExtraPodSpec", 4, Maker::free),
                            ("imageBuilderExtraContainerEnv", 4, |this| this.value(|this| this.list(Maker::free))),
                            ("dockerConfigJsonSecretName", 4, |this| this.of(TEXTS)),
                            ("downloaderContainerEnvFrom", 4, Maker::free),
                        ])
                    })
                }),
            ])
        })
    }

    fn service(&mut self) -> String {
        self.mapping(&[
            ("instance_type", 2, |this| this.of(TEXTS)),
            ("scaling", 2, Maker::scaling),
            ("envs", 4, Maker::envs),
            ("deployment_strategy", 4, |this| this.of(&["RollingUpdate", "Recreate", "RampedSlowRollout"])),
            ("extras", 5, Maker::extras),
            ("cold_start_timeout", 4, |this| this.of(NUMBERS)),
            ("config_overrides", 4, Maker::free),
        ])
    }

    fn services(&mut self) -> String {
        self.value(|this| this.each(SERVICES, |this| this.value(Maker::service)))
    }

    fn version(&mut self) -> String {
        self.mapping(&[
            ("bento", 1, |this| this.of(&["single:bbbb", "single:cccc"])),
            ("weight", 1, |this| this.of(&["10", "20", "'30'"])),
            ("envs", 4, Maker::envs),
            ("secrets", 5, Maker::secrets),
            ("services", 2, Maker::services),
        ])
    }

    fn canary(&mut self) -> String {
        self.value(|this| {
            this.mapping(&[
                ("route_type", 2, |this| this.of(&["random", "header", "query", "header", "cookie"])),
                ("route_by", 2, |this| this.of(TEXTS)),
                ("versions", 1, |this| {
                    this.value(|this| this.each(&["next", "v2", "3"], |this| this.value(Maker::version)))
                }),
            ])
        })
    }

    fn file(&mut self, action: &str) -> String {
        let mut lines = Vec::new();
        if self.random.one_in(20) {
            lines.push("x-shared: &shared {instance_type: cpu.8, cold_start_timeout: 9}".to_owned());
            lines.push("services: {Single: *shared, Other: {<<: *shared, instance_type: cpu.9}}".to_owned());
        } else if !self.random.one_in(4) {
            lines.push(format!("services: {}", self.services()));
        }
        let name = if action == "create" { self.of(&["dep-2", "123", "1.5", "0x10"]) } else { "dep-1".into() };
        lines.push(format!("name: {name}"));
        if action != "update" || self.random.one_in(2) {
            lines.push(format!("bento: single:{}", self.random.pick(&["aaaabbbbccccdddd", "eeee"])));
        }
        if action == "apply" || self.random.one_in(6) {
            lines.push("cluster: default".into());
        }
        for (key, one_in, value) in [
            (
                "access_authorization",
                3,
                (|this: &mut Self| this.of(&["true", "no", "1", "0"])) as fn(&mut Self) -> String,
            ),
            ("envs", 3, Maker::envs),
            ("labels", 4, Maker::labels),
            ("secrets", 4, Maker::secrets),
            ("canary", 4, Maker::canary),
            ("dev", 12, |this| this.of(&["false", "true", "1"])),
            ("distributed", 20, |this| this.of(TEXTS)),
        ] {
            if self.random.one_in(one_in) {
                lines.push(format!("{key}: {}", value(self)));
            }
        }
        // The order says nothing.
        let shift = self.random.below(lines.len());
        if !lines.iter().any(|line| line.contains('&')) {
            lines.rotate_left(shift);
        }
        let text = lines.join("\n") + "\n";
        match self.random.below(12) {
            0 => text.replace('\n', "\r\n"),
            1 => format!("\u{feff}{text}"),
            2 => format!("---\n# how it runs\n{text}...\n"),
            _ => text,
        }
    }
}

pub(crate) fn cases(count: u64, seed: u64) -> Vec<Case> {
    let mut maker = Maker { random: Random(seed.max(1)), odd: 0 };
    (0..count)
        .map(|_| {
            maker.odd = maker.random.below(3);
            let action = maker.random.pick(&["create", "update", "update", "apply"]);
            let state = match action {
                "create" => "none",
                "update" => maker.random.pick(&STATES[1..]),
                _ => maker.random.pick(&STATES),
            };
            Case { action, state, file: maker.file(action) }
        })
        .collect()
}
