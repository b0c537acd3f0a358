using System.Collections.Concurrent;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// The only place where partitions are read for Kafka's clients: the reads of one incremental session, or of one connection whose fetches have none. A fetch first looks at
/// the partitions of which it must know more, in their order and within the bytes of the answer; if that is not enough, a read waits at each partition. Those reads outlive
/// the fetch: the next one that wants the same waits for them, so that a client whose partitions are idle costs a call for each in <see cref="FetchLimits.StandingWait"/>
/// and none for each request. They are made together, by one call for each broker (<see cref="Edge.Fetching.BrokerFetches"/>).
/// <para>
/// One fetch uses the reads at a time; another that comes meanwhile reads for itself. Between fetches nothing is made anew and no records are held. What is answered of an
/// idle partition is as old as its last read, but never older than records that the client could have read: these end the wait.
/// </para>
/// </summary>
/// <param name="isInSession">Whether the reads are those of an incremental session.</param>
/// <param name="services">What readers of partitions share.</param>
internal sealed class StandingReads(bool isInSession, ReaderServices services) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<NamedPartition, StandingRead> _reads = [];
    private readonly ConcurrentQueue<(StandingRead Read, int Ticket, PartitionRead? Brought)> _ended = new();
    private readonly Signal _signal = new();
    private volatile bool _isUsed;
    private bool _isClosed;
    private long _fetches;

    /// <summary>The number of partitions that have been read and may be read again.</summary>
    public int Count => _reads.Count;

    /// <summary>Reads partitions as a fetch wants them.</summary>
    /// <param name="wanted">The partitions, in the order in which they are served; none twice.</param>
    /// <param name="terms">What holds for all.</param>
    /// <param name="gone">Ends the fetch, but not the reads.</param>
    /// <returns>An answer for each partition.</returns>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public async Task<PartitionRead[]> ReadAsync(IReadOnlyList<WantedPartition> wanted, FetchTerms terms, CancellationToken gone)
    {
        if (!TryEnter())
        {
            using var own = new StandingReads(isInSession, services);
            return await own.ReadAsync(wanted, terms, gone);
        }

        try
        {
            return await FetchAsync(wanted, terms, gone);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Ends all reads that wait; a fetch under way goes on without leaving any behind.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            if (_isUsed)
            {
                return;
            }

            // These reads are not used any more: a fetch that arrives after this starts its own.
            _isUsed = true;
        }

        Clear();
    }

    void IDisposable.Dispose() => Close();

    private bool TryEnter()
    {
        lock (_lock)
        {
            return !_isUsed && (_isUsed = true);
        }
    }

    private void Leave()
    {
        bool isClosed;
        lock (_lock)
        {
            _isUsed = isClosed = _isClosed;
        }

        if (isClosed)
        {
            Clear();
        }
    }

    private void Clear()
    {
        foreach (var read in _reads.Values)
        {
            read.Cancel();
        }

        _reads.Clear();
    }

    private async Task<PartitionRead[]> FetchAsync(IReadOnlyList<WantedPartition> wanted, FetchTerms terms, CancellationToken gone)
    {
        var begun = services.Time.GetTimestamp();
        TakeEnded();
        var reads = Begin(wanted, terms);
        await LookAsync(reads, terms, gone);
        if (terms.Waits && !Progress(reads, terms).IsDone)
        {
            await WaitAsync(reads, terms, begun, gone);
        }

        return Answer(reads, terms);
    }

    private StandingRead[] Begin(IReadOnlyList<WantedPartition> wanted, FetchTerms terms)
    {
        var fetch = ++_fetches;
        var reads = new StandingRead[wanted.Count];
        for (var i = 0; i < reads.Length; i++)
        {
            var (partition, position) = wanted[i];
            if (!_reads.TryGetValue(partition, out var read))
            {
                _reads.Add(partition, read = new StandingRead(new PartitionReader(partition, isInSession, services), services.Time));
            }

            read.Begin(position, terms, fetch);
            reads[i] = read;
        }

        if (_reads.Count > reads.Length)
        {
            foreach (var (partition, read) in _reads)
            {
                if (read.WantedBy != fetch)
                {
                    read.Cancel();
                    _reads.Remove(partition);
                }
            }
        }

        return reads;
    }

    /// <summary>
    /// Looks at the partitions that must be, several at a time as long as the answer has room for the most that they may bring. Once it is full, only those are looked at of
    /// which nothing is known.
    /// </summary>
    private static async Task LookAsync(StandingRead[] reads, FetchTerms terms, CancellationToken gone)
    {
        var budget = new FetchBudget(terms.MaxBytes);
        List<StandingRead> wave = [];
        List<Task> looks = [];
        for (var i = 0; i < reads.Length;)
        {
            long planned = 0;
            for (; i < reads.Length && wave.Count < FetchLimits.ReadsAtOnce; i++)
            {
                var read = reads[i];
                if (!read.MustLook)
                {
                    continue;
                }

                if (budget is { Given: > 0, Left: 0 } && read.Known is not null)
                {
                    read.PassOver();
                    continue;
                }

                var bytes = Math.Min(read.MaxBytes, budget.Left);
                if (wave.Count > 0 && planned + bytes > budget.Left)
                {
                    break;
                }

                planned += bytes;
                wave.Add(read);
                looks.Add(read.LookAsync(bytes, gone));
            }

            await Task.WhenAll(looks);
            foreach (var read in wave)
            {
                if (read.Read is { Bytes: > 0 and var bytes } && !budget.TryTake(bytes, read.MaxBytes))
                {
                    read.LeaveOut();
                }
            }

            wave.Clear();
            looks.Clear();
        }
    }

    private static FetchProgress Progress(StandingRead[] reads, FetchTerms terms)
    {
        var progress = new FetchProgress(terms.Isolation, Math.Min(terms.MinBytes, terms.MaxBytes));
        foreach (var read in reads)
        {
            progress.Add(read.Read, read.MaxBytes, read.IsLeftOut);
        }

        return progress;
    }

    private async Task WaitAsync(StandingRead[] reads, FetchTerms terms, long begun, CancellationToken gone)
    {
        using var timer = services.Time.CreateTimer(
            static signal => ((Signal)signal!).Set(), _signal, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        using var registration = gone.UnsafeRegister(static signal => ((Signal)signal!).Set(), _signal);
        while (true)
        {
            var progress = Progress(reads, terms);
            var left = terms.MaxWait - services.Time.GetElapsedTime(begun);
            if (progress.IsDone || left <= TimeSpan.Zero)
            {
                return;
            }

            // Timers count whole milliseconds, and may be early: then it is set again.
            timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
            foreach (var read in reads)
            {
                read.Wait(progress.Share, End);
            }

            await _signal.WaitAsync();
            gone.ThrowIfCancellationRequested();
            TakeEnded();
            await LookAsync(reads, terms, gone);
        }
    }

    /// <summary>A read that has waited has ended, on any thread. What it brings while nobody waits for it is read again.</summary>
    private void End(StandingRead read, int ticket, PartitionRead? brought)
    {
        _ended.Enqueue((read, ticket, _isUsed ? brought : null));
        _signal.Set();
    }

    private void TakeEnded()
    {
        while (_ended.TryDequeue(out var ended))
        {
            ended.Read.End(ended.Ticket, ended.Brought);
        }
    }

    /// <summary>Shares the bytes of the answer: reads that have waited may have brought more than there is room for.</summary>
    private static PartitionRead[] Answer(StandingRead[] reads, FetchTerms terms)
    {
        var budget = new FetchBudget(terms.MaxBytes);
        var answers = new PartitionRead[reads.Length];
        for (var i = 0; i < reads.Length; i++)
        {
            var read = reads[i];
            answers[i] = read.Answer();
            if (answers[i].Bytes > 0 && !budget.TryTake(answers[i].Bytes, read.MaxBytes))
            {
                answers[i] = answers[i].WithoutRecords();
            }
        }

        return answers;
    }

    /// <summary>Wakes the one that waits; what was signalled before it waits is not lost.</summary>
    private sealed class Signal
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource? _waiting;
        private bool _isSet;

        public void Set()
        {
            TaskCompletionSource? waiting;
            lock (_lock)
            {
                (waiting, _waiting) = (_waiting, null);
                _isSet = waiting is null;
            }

            waiting?.SetResult();
        }

        public Task WaitAsync()
        {
            lock (_lock)
            {
                if (_isSet)
                {
                    _isSet = false;
                    return Task.CompletedTask;
                }

                _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _waiting.Task;
            }
        }
    }
}
