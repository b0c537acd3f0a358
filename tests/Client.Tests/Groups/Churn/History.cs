using Loire.Model;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>Puts what happens anywhere into one order, has it judged, and counts. Thread-safe.</summary>
internal sealed class History(IReadOnlyDictionary<string, ConsumeGuarantee> groups)
{
    private const int Remembered = 20_000;

    private readonly Lock _lock = new();
    private readonly GroupChecker _checker = new(groups);
    private readonly Queue<Happening> _recent = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _delivered = new(StringComparer.Ordinal);
    private List<string>? _beforeProblem;
    private long _now;

    /// <summary>The place of what happened last.</summary>
    public long Now => Volatile.Read(ref _now);

    public IReadOnlyList<string> Problems
    {
        get
        {
            lock (_lock)
            {
                return [.. _checker.Problems];
            }
        }
    }

    /// <summary>What happened before the first problem, of its group.</summary>
    public IReadOnlyList<string> BeforeProblem
    {
        get
        {
            lock (_lock)
            {
                return _beforeProblem ?? [];
            }
        }
    }

    public long Add(Happening happening)
    {
        lock (_lock)
        {
            happening.At = ++_now;
            _recent.Enqueue(happening);
            if (_recent.Count > Remembered)
            {
                _recent.Dequeue();
            }

            _checker.Take(happening);
            Count(happening);
            if (_checker.Problems.Count > 0 && _beforeProblem is null)
            {
                var group = (happening as GroupHappening)?.Group;
                var own = _recent.Where(one => (one as GroupHappening)?.Group == group);
                _beforeProblem = [.. own.TakeLast(300).Select(one => $"{one.At} {one}")];
            }

            return _now;
        }
    }

    /// <summary>Counts something that is nobody's promise.</summary>
    public void Count(string what)
    {
        lock (_lock)
        {
            _counts[what] = _counts.GetValueOrDefault(what) + 1;
        }
    }

    public long CountOf(string what)
    {
        lock (_lock)
        {
            return _counts.GetValueOrDefault(what);
        }
    }

    public long DeliveredTo(string group)
    {
        lock (_lock)
        {
            return _delivered.GetValueOrDefault(group);
        }
    }

    public (TopicPartition Partition, long Offset)? FirstMissing(string group)
    {
        lock (_lock)
        {
            return _checker.FirstMissing(group);
        }
    }

    public void End()
    {
        lock (_lock)
        {
            _checker.End();
        }
    }

    public string Summary()
    {
        lock (_lock)
        {
            return string.Join(", ", _counts.Select(count => $"{count.Key} {count.Value}"));
        }
    }

    private void Count(Happening happening)
    {
        if (happening is Delivered { Group: var group })
        {
            _delivered[group] = _delivered.GetValueOrDefault(group) + 1;
        }

        var what = happening switch
        {
            Committed { Error: ErrorCode.None } => "commits stored",
            Committed { Error: var error } => $"commits refused with {error}",
            Revoked { IsLost: true } => "partitions lost",
            Revoked => "partitions revoked",
            Assigned => "partitions assigned",
            Delivered => "records delivered",
            Acknowledged => "records acknowledged",
            _ => null,
        };
        if (what is not null)
        {
            _counts[what] = _counts.GetValueOrDefault(what) + 1;
        }
    }
}
