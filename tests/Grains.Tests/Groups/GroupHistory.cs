using System.Globalization;
using Loire.Model;

namespace Loire.Grains.Tests.Groups;

/// <summary>
/// What the members of one group were told, held against what must hold: a partition has one owner at a time, its committed offset never
/// falls behind an acknowledged commit, and epochs do not fall. Thread-safe.
/// </summary>
internal sealed class GroupHistory
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, string> _owners = [];
    private readonly Dictionary<TopicPartition, long> _acknowledged = [];
    private readonly Dictionary<string, int> _epochs = [];
    private readonly List<string> _problems = [];

    /// <summary>What did not hold; empty after a good test.</summary>
    public IReadOnlyList<string> Problems
    {
        get
        {
            lock (_lock)
            {
                return [.. _problems];
            }
        }
    }

    /// <summary>How many commits were acknowledged.</summary>
    public long Commits { get; private set; }

    /// <summary>How often a partition was given to a member.</summary>
    public long Grants { get; private set; }

    public void Told(string member, int epoch)
    {
        lock (_lock)
        {
            Expect(epoch >= _epochs.GetValueOrDefault(member), $"the epoch of {member} fell to {epoch}");
            _epochs[member] = epoch;
        }
    }

    public void Granted(string member, TopicPartition partition)
    {
        lock (_lock)
        {
            Grants++;
            Expect(_owners.TryAdd(partition, member), $"{partition} was given to {member} while {_owners[partition]} had it");
        }
    }

    public void Released(string member, TopicPartition partition)
    {
        lock (_lock)
        {
            if (_owners.GetValueOrDefault(partition) == member)
            {
                _owners.Remove(partition);
            }
        }
    }

    public void Read(string member, TopicPartition partition, long offset)
    {
        lock (_lock)
        {
            var acknowledged = _acknowledged.GetValueOrDefault(partition);
            Expect(
                offset >= acknowledged,
                string.Create(CultureInfo.InvariantCulture, $"{member} read offset {offset} of {partition}, behind {acknowledged}"));
        }
    }

    public void Acknowledged(TopicPartition partition, long offset)
    {
        lock (_lock)
        {
            Commits++;
            _acknowledged[partition] = Math.Max(offset, _acknowledged.GetValueOrDefault(partition));
        }
    }

    public long AcknowledgedOf(TopicPartition partition)
    {
        lock (_lock)
        {
            return _acknowledged.GetValueOrDefault(partition);
        }
    }

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            _problems.Add(otherwise);
        }
    }
}
