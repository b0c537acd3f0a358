namespace Loire.Storage;

/// <summary>How a <see cref="FileGrainStorage"/> keeps its files. Checked once, when the store is opened.</summary>
public sealed class FileStoreOptions
{
    /// <summary>The directory that the store owns; it is created if its parent exists. No other process may use it at the same time.</summary>
    public required string Directory { get; set; }

    /// <summary>
    /// Null, the default: every acknowledged write has been synced to the device before. A value: writes are acknowledged once the operating system has them and are
    /// synced this often, so a power cut or a kernel crash may lose the acknowledged writes of the last interval (a crash of the process alone loses none).
    /// </summary>
    public TimeSpan? SyncInterval { get; set; }

    /// <summary>Bytes of one store file. A new one is begun when the newest has no room for the next group of writes.</summary>
    public long FileBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>Bytes of writes that may wait or be in flight at once; beyond it a write waits for room.</summary>
    public long PendingBytes { get; set; } = 64 * 1024 * 1024;
}
