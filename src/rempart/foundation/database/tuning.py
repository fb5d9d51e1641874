"""How much memory, log and how many connections the embedded server takes, and what it promises."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Settings of the server; sizes in MiB. The defaults suit 2 cores and 24 GB."""

    shared_buffers: int = 1024
    effective_cache_size: int = 12288
    work_mem: int = 32
    maintenance_work_mem: int = 512
    max_wal_size: int = 8192
    min_wal_size: int = 512
    max_connections: int = 100
    durable: bool = True
    """An acknowledged commit outlives a power cut. False is for tests and throw-away data only."""

    @classmethod
    def for_this_machine(cls) -> Tuning:
        """The defaults, scaled to the memory there is. A sixth of it for shared buffers, 128 MiB to 1 GiB: four times as
        much kept no more results, and the system remembers what it reads anyway (docs/decisions/036)."""
        memory = psutil.virtual_memory().total // MIB
        return cls(
            shared_buffers=min(max(memory // 6, 128), 1024),
            effective_cache_size=memory // 2,
            work_mem=min(max(memory // 768, 4), 64),
            maintenance_work_mem=min(max(memory // 48, 64), 1024),
        )

    @classmethod
    def for_tests(cls) -> Tuning:
        """Small and fast; a crash of the machine may lose everything."""
        return cls(
            shared_buffers=256,
            effective_cache_size=1024,
            work_mem=16,
            maintenance_work_mem=64,
            max_wal_size=1024,
            min_wal_size=80,
            durable=False,
        )

    def settings(self) -> dict[str, str]:
        """The parameters of postgresql.conf, by name.

        An error's text, values and statement may hold a person's data: they go to the client who
        made it, never to the log (`log_min_messages` leaves errors of statements out).
        """
        safe = "on" if self.durable else "off"
        return {
            "cluster_name": "rempart",  # shown by ps
            "shared_buffers": f"{self.shared_buffers}MB",
            "effective_cache_size": f"{self.effective_cache_size}MB",
            "work_mem": f"{self.work_mem}MB",
            "maintenance_work_mem": f"{self.maintenance_work_mem}MB",
            "max_wal_size": f"{self.max_wal_size}MB",
            "min_wal_size": f"{self.min_wal_size}MB",
            "max_connections": str(self.max_connections),
            "max_locks_per_transaction": "256",  # partitions by month, all truncated at once in tests
            "fsync": safe,
            "synchronous_commit": safe,
            "full_page_writes": safe,
            "wal_level": "replica" if self.durable else "minimal",
            "max_wal_senders": "10" if self.durable else "0",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "jit": "off",  # not in these binaries
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_parameter_max_length_on_error": "0",
        }
