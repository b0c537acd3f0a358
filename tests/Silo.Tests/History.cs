using System.Collections.Concurrent;

namespace Loire.Silo.Tests;

/// <summary>
/// What the producers of one partition were told, and the judgement on what a reader finds there: nothing acknowledged is lost or changed or moved, nothing
/// appears twice or out of nowhere, and each producer's records stand in the order in which it sent them.
/// </summary>
internal sealed class History
{
    private readonly ConcurrentDictionary<string, (int Producer, long Sequence)> _sent = new();
    private readonly ConcurrentDictionary<long, string> _acknowledged = new();

    public int AcknowledgedCount => _acknowledged.Count;

    public void Sent(int producer, long sequence, string value) => _sent[value] = (producer, sequence);

    public void Acknowledged(long offset, string value) =>
        Assert.True(_acknowledged.TryAdd(offset, value), $"Offset {offset} was acknowledged twice.");

    public void Judge(IReadOnlyList<(long Offset, string Value)> read)
    {
        var seen = new Dictionary<string, long>();
        var lastOffset = -1L;
        var lastSequence = new Dictionary<int, long>();
        foreach (var (offset, value) in read)
        {
            Assert.True(offset > lastOffset, $"Offset {offset} comes after {lastOffset}.");
            lastOffset = offset;
            Assert.True(_sent.TryGetValue(value, out var origin), $"Offset {offset} holds '{value}', which nobody sent.");
            Assert.True(seen.TryAdd(value, offset), $"'{value}' stands at {offset} and at {seen[value]}.");
            Assert.True(origin.Sequence > lastSequence.GetValueOrDefault(origin.Producer, -1), $"Producer {origin.Producer}: '{value}' at {offset} is out of order.");
            lastSequence[origin.Producer] = origin.Sequence;
            if (_acknowledged.TryGetValue(offset, out var promised))
            {
                Assert.True(promised == value, $"Offset {offset} holds '{value}', but '{promised}' was acknowledged there.");
            }
        }

        var found = read.Select(record => record.Offset).ToHashSet();
        var lost = _acknowledged.Keys.Where(offset => !found.Contains(offset)).Order().ToList();
        Assert.True(lost.Count == 0, $"{lost.Count} of {_acknowledged.Count} acknowledged records are lost, the first at offset {lost.FirstOrDefault()}.");
    }
}
