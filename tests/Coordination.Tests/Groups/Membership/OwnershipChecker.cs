using Loire.Model;

namespace Loire.Coordination.Tests.Groups.Membership;

/// <summary>
/// Checks ownership by the partitions that consumers process and by the durable membership, not by the machine's own state. A consumer
/// counts while the life that it believes in is the durable one: after that it is fenced, and its actions have no effect.
/// </summary>
internal sealed class OwnershipChecker
{
    private readonly Dictionary<MemberId, int> _lives = [];
    private bool _hasChanged;

    public int CommitsInOrder { get; private set; }

    public int OwnersSeen { get; private set; }

    public void Lives(MemberId memberId, int joinedAt) => (_lives[memberId], _hasChanged) = (joinedAt, true);

    public void IsGone(MemberId memberId) => _hasChanged |= _lives.Remove(memberId);

    public void WorksOnSomethingElse() => _hasChanged = true;

    /// <summary>A partition has at most one owner at any time.</summary>
    public void CheckOwners(IReadOnlyList<SimulatedConsumer> consumers, string when)
    {
        if (!_hasChanged)
        {
            return;
        }

        _hasChanged = false;
        var owners = new Dictionary<TopicPartition, SimulatedConsumer>();
        foreach (var consumer in consumers.Where(consumer => consumer.Owned.Count > 0 && Counts(consumer)))
        {
            foreach (var partition in consumer.Owned)
            {
                Assert.True(owners.TryAdd(partition, consumer),
                    $"{partition} has two owners, {owners[partition].MemberId} and {consumer.MemberId}: {when}");
                OwnersSeen++;
            }
        }
    }

    /// <summary>An accepted commit comes from the member's current life, and no other member processes the partition.</summary>
    public void CheckCommit(
        MemberId memberId, int life, int presentLife, TopicPartition partition, IReadOnlyList<SimulatedConsumer> consumers)
    {
        Assert.True(life == presentLife, $"a commit of an earlier life of {memberId} was accepted");
        Assert.DoesNotContain(
            consumers, other => (other.MemberId != memberId || other.Life != life) && Counts(other) && other.Owned.Contains(partition));
        CommitsInOrder++;
    }

    private bool Counts(SimulatedConsumer consumer) => _lives.TryGetValue(consumer.MemberId, out var life) && life == consumer.Life;
}
