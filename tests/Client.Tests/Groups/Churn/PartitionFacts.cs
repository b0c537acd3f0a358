namespace Loire.Client.Tests.Groups.Churn;

/// <summary>What is known of one partition in one group. Each method returns what is wrong, or null.</summary>
internal sealed class PartitionFacts(ConsumeGuarantee guarantee)
{
    private readonly Dictionary<int, string> _generations = [];
    private readonly Dictionary<string, Span> _owners = new(StringComparer.Ordinal);
    private readonly HashSet<long> _deliveredOnce = [];
    private (string Consumer, string? Instance, int Generation, long Since) _latest = ("", null, 0, 0);
    private (long Offset, long At) _stored;
    private long _finished;

    /// <summary>What one consumer was given since the partition was assigned to it.</summary>
    private sealed class Span(long floor, string? instance)
    {
        public long Floor { get; } = floor;

        public string? Instance { get; } = instance;

        public long? Last { get; set; }
    }

    /// <summary>All records below were delivered.</summary>
    public long Through { get; private set; }

    private bool IsAtLeastOnce => guarantee == ConsumeGuarantee.AtLeastOnce;

    public string? Own(string owner, int generation) =>
        _generations.TryAdd(generation, owner) || _generations[generation] == owner
            ? null
            : $"in one generation the partition belongs to {_generations[generation]} as well";

    public void Assign(Assigned assigned)
    {
        _owners[assigned.Consumer] = new Span(_stored.Offset, assigned.Instance);
        if (assigned.Generation >= _latest.Generation)
        {
            // Otherwise a consumer tells what it was given before it was stopped.
            _latest = (assigned.Consumer, assigned.Instance, assigned.Generation, assigned.At);
        }
    }

    public void Revoke(string consumer) => _owners.Remove(consumer);

    public string? Deliver(Delivered record)
    {
        if (!IsAtLeastOnce)
        {
            // What was committed for an application is its own, whoever goes on behind it.
            return !_deliveredOnce.Add(record.Offset) ? "at most once, and delivered twice"
                : record.Offset >= _stored.Offset ? "at most once, and delivered before it was committed"
                : null;
        }

        if (!_owners.TryGetValue(record.Consumer, out var span))
        {
            return "delivered to whom it is not assigned";
        }

        var isSucceeded = span.Instance is not null && span.Instance == _latest.Instance;
        if (_latest.Consumer != record.Consumer && _latest.Since <= record.AskedAt && !isSucceeded)
        {
            return $"delivered though {_latest.Consumer} has it since {_latest.Since}";
        }

        var problem = span.Last is { } last && record.Offset != last + 1 ? $"delivered after {last}"
            : record.Offset > Through ? $"skipped the records from {Through} on"
            : span.Last is null && record.Offset < span.Floor ? $"begun behind the stored commit {span.Floor}"
            : null;
        span.Last = record.Offset;
        Through = Math.Max(Through, record.Offset + 1);
        return problem;
    }

    public void Finish(long offset) => _finished = Math.Max(_finished, offset + 1);

    public string? BeginCommit(Committing commit) =>
        IsAtLeastOnce && commit.Offset > _finished ? $"committed though nobody has finished more than {_finished}" : null;

    public string? EndCommit(Committed commit)
    {
        if (commit.Error != ErrorCode.None)
        {
            return null;
        }

        if (_latest.Consumer != commit.Consumer && _latest.Since <= commit.BegunAt)
        {
            return $"a zombie's commit was stored, for {_latest.Consumer} has the partition since {_latest.Since}";
        }

        if (commit.Offset < _stored.Offset && _stored.At <= commit.BegunAt)
        {
            return $"the committed offset has fallen from {_stored.Offset}";
        }

        if (commit.Offset > _stored.Offset)
        {
            _stored = (commit.Offset, commit.At);
        }

        return null;
    }

    public string? Read(OffsetRead read) =>
        read.Offset < _stored.Offset && _stored.At <= read.BegunAt ? $"the stored commit {_stored.Offset} is lost" : null;
}
