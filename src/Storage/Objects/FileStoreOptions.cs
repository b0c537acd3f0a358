using Loire.Log;

namespace Loire.Storage.Objects;

/// <summary>Settings of a <see cref="FileGrainStorage"/>. Validated once, when the store is opened.</summary>
public sealed class FileStoreOptions
{
    private const long MiB = 1024 * 1024;
    private const long KiB64 = 64 * 1024;

    /// <summary>
    /// The directory that the store owns; it is created if its parent exists. No other process may use it at the same time.
    /// </summary>
    public required string Directory { get; set; }

    /// <summary>
    /// Null, the default: every write is synced to the device before it is acknowledged. A value: writes are acknowledged once the
    /// operating system has them and are synced at this interval, so a power cut or a kernel crash may lose the acknowledged writes of the
    /// last interval (a crash of the process alone loses none).
    /// </summary>
    public TimeSpan? SyncInterval { get; set; }

    /// <summary>
    /// Bytes of one store file, at least 64 KiB and at most 16 GiB. A new file is started when the newest has no room for the next group
    /// of writes; a larger object gets a file of its own. Space is reclaimed file by file.
    /// </summary>
    public long FileBytes { get; set; } = 256 * MiB;

    /// <summary>
    /// Bytes of writes that may be queued or in flight at once, at which a write waits for room. A larger write waits until nothing else is
    /// pending.
    /// </summary>
    public long PendingBytes { get; set; } = 64 * MiB;

    /// <summary>
    /// How long a write waits for room before it is refused with <see cref="StorageOverloadedException"/>, between 1 ms and an hour. Well
    /// below the time after which a caller gives a write up: a refusal proves that nothing was stored, and a caller that gave up knows nothing.
    /// </summary>
    public TimeSpan RoomWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes written since the last checkpoint of the index at which the next one is written. Bounds what opening the store reads.
    /// </summary>
    public long CheckpointBytes { get; set; } = 128 * MiB;

    /// <summary>
    /// The live share of a store file below which its live objects are rewritten and the file is deleted, between 0 and 0.9. As long as a quarter of
    /// the device is free, this is the share of all files together below which those with the least in use are rewritten.
    /// </summary>
    public double ReclaimLiveShare { get; set; } = 0.5;

    /// <summary>Bytes per second that checkpoints and reclaiming may write, so that they do not slow down writes.</summary>
    public long BackgroundBytesPerSecond { get; set; } = 64 * MiB;

    /// <summary>
    /// Accepts the loss of records with unknown keys. By default every key without a later record is refused after such damage, because its
    /// newest version may be lost; with this set, the newest surviving record counts. Decide after reading the log.
    /// </summary>
    public bool AcceptUnknownLosses { get; set; }

    /// <summary>Bytes allocated after the last record in one step.</summary>
    internal long AllocationStep { get; init; } = 16 * MiB;

    /// <summary>Bytes reserved for deletes after the last record, so that a full device can be emptied.</summary>
    internal long ReserveBytes { get; init; } = MiB;

    /// <summary>
    /// Bytes after the last record that are overwritten with zeros in advance: a small synced write to blocks written before takes about
    /// half the time.
    /// </summary>
    internal long ZeroAheadBytes { get; init; } = MiB;

    /// <summary>Bytes of records in one group, unless a single one is larger.</summary>
    internal long GroupBytes { get; init; } = 8 * MiB;

    /// <summary>Bytes of a reclaimed file whose space is released in one step.</summary>
    internal long ReleaseStepBytes { get; set; } = 16 * MiB;

    /// <summary>Records written since the last checkpoint at which the next one is written.</summary>
    internal long CheckpointRecords { get; init; } = 250_000;

    /// <summary>Returns a human-readable problem; null if the values are valid.</summary>
    public string? Problem()
        => string.IsNullOrWhiteSpace(Directory) ? $"{nameof(Directory)} must name a directory."
        : SyncInterval is { } interval && (interval <= TimeSpan.Zero || interval > TimeSpan.FromHours(1))
            ? $"{nameof(SyncInterval)} is {interval}; it must be positive and at most an hour, or null to sync every write."
        : FileBytes is < KiB64 or > 16 * 1024 * MiB ? $"{nameof(FileBytes)} is {FileBytes}; it must lie between {KiB64} and {16 * 1024 * MiB}."
        : PendingBytes is < KiB64 or > 1024 * 1024 * MiB
            ? $"{nameof(PendingBytes)} is {PendingBytes}; it must lie between {KiB64} and {1024 * 1024 * MiB}."
        : RoomWait < TimeSpan.FromMilliseconds(1) || RoomWait > TimeSpan.FromHours(1)
            ? $"{nameof(RoomWait)} is {RoomWait}; it must lie between 1 ms and an hour."
        : CheckpointBytes < KiB64 ? $"{nameof(CheckpointBytes)} is {CheckpointBytes}; it must be at least {KiB64}."
        : ReclaimLiveShare is < 0 or > 0.9 or double.NaN
            ? $"{nameof(ReclaimLiveShare)} is {ReclaimLiveShare}; it must lie between 0 and 0.9."
        : BackgroundBytesPerSecond < MiB ? $"{nameof(BackgroundBytesPerSecond)} is {BackgroundBytesPerSecond}; it must be at least {MiB}."
        : null;
}
