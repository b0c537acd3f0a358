using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Transactions;

/// <summary>
/// The transactions of one transactional id of this node, one at a time: the calls of its coordinator. If an end stays unknown, the next transaction begins with
/// <see cref="ITransactionGrain.Init"/>, which completes or aborts what was open. Used by one request at a time.
/// </summary>
internal sealed class ServerTransaction(TransactionalId id, IGrainFactory grains, TransactionSettings settings, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(320);

    // Long before the coordinator forgets an id that is not used.
    private static readonly TimeSpan IdentityAge = TimeSpan.FromHours(1);

    private ProducerIdentity _producer = ProducerIdentity.None;
    private long _usedAt;

    public TransactionalId Id => id;

    /// <summary>The producer in the epoch of the transaction.</summary>
    public ProducerIdentity Producer => _producer;

    private ITransactionGrain Coordinator => grains.GetGrain<ITransactionGrain>(id.Value);

    /// <summary>Begins a transaction; the problem if there is no producer for it.</summary>
    public async Task<ApiProblem?> BeginAsync()
    {
        if (_producer != ProducerIdentity.None && time.GetElapsedTime(_usedAt) < IdentityAge)
        {
            return null;
        }

        var request = new InitProducerRequest(settings.Timeout, ProducerIdentity.None);
        var (answer, problem, _) = await CallAsync(() => Coordinator.Init(request), static answer => answer.Error);
        problem ??= ApiProblem.Of(answer!.Error, answer.Detail);
        _producer = problem is null ? answer!.Producer : ProducerIdentity.None;
        return problem;
    }

    /// <summary>Adds offsets to the transaction; the problem if they are not stored.</summary>
    public async Task<ApiProblem?> AddAsync(TransactionOffsets offsets)
    {
        var group = grains.GetGrain<IGroupGrain>(offsets.Group.Value);
        var request = new TransactionalCommitRequest(
            id, _producer, TransactionVersion.V2, new CommitRequest(offsets.Member, offsets.Epoch, offsets.Offsets));
        var (answer, problem, _) = await CallAsync(() => group.CommitInTransaction(request), static answer => answer.Error);
        return problem ?? Groups.CommitProblem.Of(answer!, "not committed either");
    }

    /// <summary>Commits the transaction.</summary>
    /// <returns>The problem if it is not committed, and whether that is not known.</returns>
    public async Task<(ApiProblem? Problem, bool IsUnknown)> CommitAsync()
    {
        var (problem, isRepeated) = await EndAsync(commits: true);

        // Another producer with the id may have begun since an attempt that got no answer, and ended what that one had committed or not.
        var isUnknown = problem is not null
            && (ErrorCodes.Describe(problem.Error).Retriable || (isRepeated && problem.Error is ErrorCode.ProducerFenced or ErrorCode.InvalidProducerIdMapping));
        return (problem, isUnknown);
    }

    /// <summary>Aborts the transaction. If the coordinator is not reached it does so by itself, after the timeout.</summary>
    public Task AbortAsync() => EndAsync(commits: false);

    /// <summary>Leaves the transaction as it is: the next one ends it.</summary>
    public void Abandon() => _producer = ProducerIdentity.None;

    private async Task<(ApiProblem? Problem, bool IsRepeated)> EndAsync(bool commits)
    {
        var request = new EndTransactionRequest(_producer, commits, TransactionVersion.V2);
        var (answer, problem, isRepeated) = await CallAsync(() => Coordinator.End(request), static answer => answer.Error);
        problem ??= ApiProblem.Of(answer!.Error, answer.Detail);
        (_producer, _usedAt) = (problem is null ? answer!.Producer : ProducerIdentity.None, time.GetTimestamp());
        return (problem, isRepeated);
    }

    /// <summary>Makes a call, which may be repeated at any time, until its outcome is known or patience has ended.</summary>
    private async Task<(T? Answer, ApiProblem? Problem, bool IsRepeated)> CallAsync<T>(Func<ValueTask<T>> call, Func<T, ErrorCode> errorOf)
        where T : class
    {
        var (begun, pause, isRepeated) = (time.GetTimestamp(), FirstPause, false);
        while (true)
        {
            T? answer = null;
            ApiProblem? problem = null;
            try
            {
                answer = await call();
            }
            catch (Exception failure) when (ApiProblem.FromGrainCall(failure) is { } failed)
            {
                problem = failed;
            }

            var isOver = time.GetElapsedTime(begun) >= settings.Patience;
            if (isOver || (answer is not null && !ErrorCodes.Describe(errorOf(answer)).Retriable))
            {
                return (answer, problem, isRepeated);
            }

            isRepeated = true;
            await Task.Delay(pause, time);
            pause = pause < LongestPause ? pause * 2 : pause;
        }
    }
}

/// <summary>How transactions of this node are run.</summary>
/// <param name="Timeout">How long one may stay open, until its coordinator aborts it.</param>
/// <param name="Patience">How long calls are repeated.</param>
internal sealed record TransactionSettings(TimeSpan Timeout, TimeSpan Patience);
