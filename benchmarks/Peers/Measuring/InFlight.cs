using System.Diagnostics;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>
/// The records of one producer that are sent and not yet acknowledged: at most so many, and in the order in which they were sent. One thread sends, another
/// takes the acknowledgements. Every sixteenth record's time is kept, from when it was handed to the client to its acknowledgement.
/// </summary>
internal sealed class InFlight
{
    private const int SampleShift = 4;

    private readonly long[] _sentAt;
    private readonly long[] _took;
    private readonly int _limit;
    private readonly SemaphoreSlim _room = new(0);
    private int _sent;
    private int _acknowledged;
    private int _waiting;

    public InFlight(int records, int limit)
    {
        _limit = Math.Max(1, limit);
        _sentAt = new long[(records >> SampleShift) + 1];
        _took = new long[_sentAt.Length];
    }

    public bool HasRoom => _sent - Volatile.Read(ref _acknowledged) < _limit;

    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>The times that were kept, in ticks of the stopwatch.</summary>
    public IEnumerable<long> Latencies => _took.Where(ticks => ticks > 0);

    public void Sent()
    {
        if ((_sent & ((1 << SampleShift) - 1)) == 0)
        {
            _sentAt[_sent >> SampleShift] = Stopwatch.GetTimestamp();
        }

        _sent++;
    }

    /// <summary>Waits until a quarter of the window is free, so that a sender is not woken for every single record.</summary>
    public async ValueTask UntilRoomAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Volatile.Write(ref _waiting, 1);
            Interlocked.MemoryBarrier();
            if (HasQuarter(Volatile.Read(ref _acknowledged)))
            {
                Volatile.Write(ref _waiting, 0);
                return;
            }

            await _room.WaitAsync(cancellation);
        }
    }

    /// <summary>So many records, counted from the first one, are acknowledged.</summary>
    public void AcknowledgedUpTo(int records)
    {
        var now = Stopwatch.GetTimestamp();
        for (var i = (Acknowledged + (1 << SampleShift) - 1) >> SampleShift; i << SampleShift < records; i++)
        {
            _took[i] = now - _sentAt[i];
        }

        Volatile.Write(ref _acknowledged, records);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waiting) == 1 && HasQuarter(records) && Interlocked.Exchange(ref _waiting, 0) == 1)
        {
            _room.Release();
        }
    }

    private bool HasQuarter(int acknowledged) => Volatile.Read(ref _sent) - acknowledged <= _limit - Math.Max(1, _limit / 4);
}
