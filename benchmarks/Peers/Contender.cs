using System.Diagnostics;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks;

/// <summary>Someone who stores streams of records: how to begin a work on it, append, read back and clean up.</summary>
internal abstract class Contender : IAsyncDisposable
{
    public abstract string Name { get; }

    /// <summary>What an acknowledgement means, and how the setup differs from the others'.</summary>
    public abstract string Guarantee { get; }

    /// <summary>Its process; null if it runs in this one.</summary>
    public abstract Process? Server { get; }

    /// <summary>Where it stores, and nothing else does.</summary>
    public abstract string Data { get; }

    /// <summary>What was written to <see cref="Data"/>.</summary>
    public DiskGrowth Disk => field ??= new DiskGrowth(Data);

    /// <summary>How many producers append at once when records are batched: as many as suit it best, the window of bytes is shared.</summary>
    public virtual int Producers(Work work) => work.Streams;

    /// <summary>Whether the work would not be the same as another contender's of the same server.</summary>
    public virtual bool TakesPartIn(Work work) => true;

    public abstract Task BeginAsync(Work work);

    public abstract Task EndAsync(Work work);

    /// <summary>A producer that has connected.</summary>
    public abstract Task<Producer> ConnectProducerAsync(Work work, int stream);

    /// <summary>Reads a stream from its beginning until so many records have come.</summary>
    public abstract Task ConsumeAsync(Work work, int stream, int records, Tally tally);

    public abstract ValueTask DisposeAsync();
}
