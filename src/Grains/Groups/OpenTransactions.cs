using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Grains.Groups;

/// <summary>
/// The transactions that are open, as far as their coordinators have told this activation of a group, and the group a part of them. A marker of a
/// producer ends what was told before it, also in answers under way: what was verified before a marker must not be stored after it. Not thread-safe: used in
/// turns of the driver.
/// </summary>
internal sealed class OpenTransactions(GroupId group, IGroupPeers peers)
{
    private readonly Dictionary<long, List<Verification>> _producers = [];

    /// <summary>One question whether the group is part of the open transaction of a producer.</summary>
    internal sealed class Verification(TransactionalId id, ProducerIdentity producer, TransactionVersion version)
    {
        /// <summary>The coordinator's answer.</summary>
        public Task<EnlistResult> Answer { get; set; } = null!;

        /// <summary>Whether a marker of the producer has come since the question was asked.</summary>
        public bool IsCancelled { get; set; }

        public bool IsFor(TransactionalCommitRequest request) =>
            (request.Transaction, request.Producer, request.Version) == (id, producer, version);
    }

    /// <summary>
    /// Has the coordinator make the group part of the open transaction, or in the first dialect say whether it is. Returns what is known or is being asked.
    /// </summary>
    public Verification Verify(TransactionalCommitRequest request)
    {
        if (!_producers.TryGetValue(request.Producer.Id, out var known))
        {
            _producers.Add(request.Producer.Id, known = []);
        }

        var verification = known.Find(one => one.IsFor(request));
        if (verification is null)
        {
            known.Add(verification = new Verification(request.Transaction, request.Producer, request.Version));
            verification.Answer = AskAsync(verification, request);
        }

        return verification;
    }

    /// <summary>A marker of a producer takes its effect now.</summary>
    public void Cancel(long producerId)
    {
        if (_producers.Remove(producerId, out var known))
        {
            known.ForEach(one => one.IsCancelled = true);
        }
    }

    private async Task<EnlistResult> AskAsync(Verification verification, TransactionalCommitRequest request)
    {
        var mode = request.Version == TransactionVersion.V1 ? EnlistMode.Verify : EnlistMode.AddByWrite;
        var answer = await peers.Enlist(request.Transaction, new EnlistRequest(request.Producer, mode, [], [group]));
        if (answer.Error != ErrorCode.None && _producers.TryGetValue(request.Producer.Id, out var known))
        {
            known.Remove(verification);
            if (known.Count == 0)
            {
                _producers.Remove(request.Producer.Id);
            }
        }

        return answer;
    }
}
