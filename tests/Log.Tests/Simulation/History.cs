using Loire.Model;

namespace Loire.Log.Tests.Simulation;

/// <summary>
/// What producers were told and readers saw, and whether it fits together: an acknowledged value is at its offset for ever, unless compaction
/// has decided to remove it, and one that was removed never returns; one that was refused is nowhere, one of unknown fate is once or never, an
/// offset never holds two values, and nobody reads what nobody wrote.
/// </summary>
internal sealed class History
{
    private enum Fate
    {
        Open,
        Acknowledged,
        Failed,
        Unknown,
    }

    private readonly Dictionary<string, (Fate Fate, long Offset)> _sent = [];
    private readonly Dictionary<long, string> _seen = [];
    private readonly HashSet<string> _mayBeRemoved = [];
    private readonly HashSet<string> _removed = [];

    private Offset _trimmed;
    private Offset _mayBeTrimmed;

    /// <summary>What went wrong, in words.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Values acknowledged.</summary>
    public int Acknowledged => _sent.Values.Count(sent => sent.Fate == Fate.Acknowledged);

    /// <summary>Values that are surely not in the log.</summary>
    public int Failed => _sent.Values.Count(sent => sent.Fate == Fate.Failed);

    /// <summary>Values that may be in the log.</summary>
    public int Unknown => _sent.Values.Count(sent => sent.Fate is Fate.Unknown or Fate.Open);

    /// <summary>Values that compaction has removed.</summary>
    public int Removed => _removed.Count;

    /// <summary>Whether the log may have offsets without records.</summary>
    public bool MayHaveHoles => _mayBeRemoved.Count > 0;

    public void Sent(string value) => _sent.Add(value, (Fate.Open, -1));

    public void Answered(string value, ErrorCode error, Offset offset)
    {
        var fate = error switch
        {
            ErrorCode.None => Fate.Acknowledged,
            ErrorCode.RequestTimedOut => Fate.Unknown,
            ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError => Fate.Failed,
            _ => Fate.Open,
        };
        if (fate == Fate.Open)
        {
            Violations.Add($"{value} was answered {error}");
        }

        if (fate == Fate.Acknowledged)
        {
            See(offset.Value, value);
        }

        _sent[value] = (fate, offset.Value);
    }

    /// <summary>The start of the log was to be moved.</summary>
    public void Trimming(Offset to) => _mayBeTrimmed = to > _mayBeTrimmed ? to : _mayBeTrimmed;

    /// <summary>The start of the log was moved.</summary>
    public void Trimmed(Offset to) => _trimmed = to > _trimmed ? to : _trimmed;

    /// <summary>Compaction is about to remove a value.</summary>
    public void Removing(string value) => _mayBeRemoved.Add(value);

    /// <summary>Compaction has removed a value.</summary>
    public void WasRemoved(string value) => _removed.Add(value);

    /// <summary>Takes in records as <c>offset:value</c>.</summary>
    public void Read(IEnumerable<string> records)
    {
        foreach (var record in records)
        {
            var colon = record.IndexOf(':', StringComparison.Ordinal);
            See(long.Parse(record[..colon], System.Globalization.CultureInfo.InvariantCulture), record[(colon + 1)..]);
        }
    }

    /// <summary>Judges a whole log, read after everything has ended.</summary>
    public void ReadWhole(IReadOnlyList<string> records, Offset start)
    {
        Read(records);
        if (start < _trimmed || start > _mayBeTrimmed)
        {
            Violations.Add($"the log starts at {start}, it was to be moved to {_mayBeTrimmed}, which was confirmed for {_trimmed}");
        }

        var present = new HashSet<string>();
        foreach (var record in records)
        {
            var value = record[(record.IndexOf(':', StringComparison.Ordinal) + 1)..];
            if (!present.Add(value))
            {
                Violations.Add($"{value} is in the log twice");
            }

            if (_removed.Contains(value))
            {
                Violations.Add($"{value} was removed and is in the log");
            }

            if (!_sent.TryGetValue(value, out var sent))
            {
                Violations.Add($"{value} was never sent");
            }
            else if (sent.Fate == Fate.Failed)
            {
                Violations.Add($"{value} was refused and is in the log");
            }
        }

        foreach (var (value, sent) in _sent)
        {
            if (sent.Fate == Fate.Acknowledged && sent.Offset >= start.Value && !present.Contains(value) && !_mayBeRemoved.Contains(value))
            {
                Violations.Add($"{value} was acknowledged at {sent.Offset} and is lost");
            }
        }

        foreach (var (offset, value) in _seen)
        {
            if (offset >= start.Value && !present.Contains(value) && !_mayBeRemoved.Contains(value))
            {
                Violations.Add($"{value} was read at {offset} and is lost");
            }
        }
    }

    private void See(long offset, string value)
    {
        if (_seen.TryGetValue(offset, out var before) && before != value)
        {
            Violations.Add($"offset {offset} holds {before} and {value}");
        }

        _seen[offset] = value;
    }
}
