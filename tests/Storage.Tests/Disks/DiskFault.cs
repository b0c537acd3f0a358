namespace Loire.Storage.Tests.Disks;

internal enum DiskOperationKind
{
    Create,
    Rename,
    Delete,
    SyncDirectory,
    Write,
    Allocate,
    Truncate,
    Sync,
}

/// <summary>An operation that is about to change something.</summary>
/// <param name="Number">Counts them from 1.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Name">The file.</param>
internal readonly record struct DiskOperation(int Number, DiskOperationKind Kind, string Name);

/// <summary>What goes wrong.</summary>
internal enum DiskFault
{
    None,

    /// <summary>The process ends here. A write is under way: any part of it may have happened.</summary>
    Crash,

    /// <summary>EIO; half of a write has happened.</summary>
    InputOutputError,

    /// <summary>ENOSPC; half of a write has happened.</summary>
    NoSpace,
}

/// <summary>The process of the test is supposed to be gone.</summary>
internal sealed class SimulatedCrashException() : Exception("The process ended here.");
