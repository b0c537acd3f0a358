using Loire.Edge.Producing;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Client;

/// <summary>
/// The transactions of one producer, one at a time, by the calls of their coordinator. Every call is repeated until its outcome is known, or
/// <see cref="ProducerOptions.MaxBlock"/> has passed: they may all be repeated at any time. If an end stays unknown, the next transaction begins with
/// <see cref="ITransactionGrain.Init"/>, which completes or aborts what was open.
/// <code>
///   no identity ──Init──► idle ──Begin──► open ──Commit / Abort──► idle, with the epoch that the coordinator has answered
///        ▲                                  │ outcome unknown, and given up
///        └──────────────────────────────────┘           any state ──fenced──► over
/// </code>
/// Thread-safe.
/// </summary>
/// <param name="transaction">What stamps the batches.</param>
/// <param name="grains">Finds the coordinator and groups.</param>
/// <param name="buffer">Has the records.</param>
internal sealed class TransactionalProducer(ProducerTransaction transaction, IGrainFactory grains, ProducerBuffer buffer) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ProducerOptions _options = buffer.Settings.Options;
    private ProducerIdentity _producer = ProducerIdentity.None;
    private TransactionException? _over;
    private bool _isOpen;
    private bool _mayBeCommitted;
    private long _number;

    /// <summary>The transactional id.</summary>
    public TransactionalId Id => transaction.Id;

    /// <summary>The number of the transaction that is open, among those of this producer.</summary>
    public long Number => Volatile.Read(ref _number);

    /// <summary>Whether the open transaction can only be aborted.</summary>
    public bool HasFailed => transaction.Failure is not null;

    private ITransactionGrain Coordinator => grains.GetGrain<ITransactionGrain>(transaction.Id.Value);

    /// <summary>Begins a transaction.</summary>
    /// <exception cref="InvalidOperationException">One is open.</exception>
    /// <exception cref="TransactionException">The coordinator refuses, or does not answer.</exception>
    public Task BeginAsync(CancellationToken cancellation) => InTurnAsync(
        async () =>
        {
            if (_isOpen)
            {
                throw new InvalidOperationException("A transaction of this producer is open: commit it, abort it or dispose of it before the next one begins.");
            }

            if (_producer == ProducerIdentity.None)
            {
                var request = new InitProducerRequest(_options.TransactionTimeout, ProducerIdentity.None);
                var answer = await CallAsync(() => Coordinator.Init(request), answer => (answer.Error, answer.Detail), cancellation);
                _producer = answer.Error == ErrorCode.None ? answer.Producer : throw Failure(answer.Error, answer.Detail, isEnd: false);
            }

            transaction.Begin(_producer);
            (_isOpen, _mayBeCommitted) = (true, false);
            Volatile.Write(ref _number, _number + 1);
        },
        cancellation);

    /// <summary>Adds positions to the open transaction.</summary>
    /// <exception cref="GroupException">They are not stored.</exception>
    public Task CommitOffsetsAsync(long number, GroupId groupId, CommitRequest commit, CancellationToken cancellation) => InTurnAsync(
        async () =>
        {
            CheckOpen(number);
            var (group, request) = (grains.GetGrain<IGroupGrain>(groupId.Value), new TransactionalCommitRequest(
                transaction.Id, transaction.Producer, TransactionVersion.V2, commit));
            transaction.Write();
            try
            {
                var answer = await CallAsync(() => group.CommitInTransaction(request), answer => (answer.Error, answer.Detail), cancellation);
                var error = answer.Error == ErrorCode.None && answer.Refused.Length > 0 ? answer.Refused[0].Error : answer.Error;
                if (error != ErrorCode.None)
                {
                    throw new GroupException(
                        error, groupId, answer.Detail ?? "The positions are not part of the transaction, which can only be aborted.",
                        partitions: [.. answer.Refused.Select(one => one.Partition)]);
                }
            }
            catch (Exception failure)
            {
                transaction.Fail(new AppendFailure(
                    (failure as LoireException)?.Code ?? ErrorCode.RequestTimedOut, true, "Positions of a consumer were not stored.", failure));
                throw;
            }
        },
        cancellation);

    /// <summary>Commits the open transaction.</summary>
    /// <exception cref="TransactionException">It is not committed, or it is unknown whether it is.</exception>
    public async Task CommitAsync(long number, CancellationToken cancellation)
    {
        // Records are delivered outside of the turn, so that an abort need not wait for them.
        await buffer.SettleAsync(cancellation);
        await InTurnAsync(
            async () =>
            {
                CheckOpen(number);
                if (transaction.Failure is { } failure)
                {
                    throw new TransactionException(
                        failure.Code, isFatal: IsFatal(failure.Code), isOutcomeUnknown: false,
                        $"The transaction is not committed: {failure.Text ?? ErrorCodes.Describe(failure.Code).Text}", failure.Exception);
                }

                if (transaction.HasWritten)
                {
                    await EndAsync(commits: true, cancellation);
                }

                _isOpen = false;
            },
            cancellation);
    }

    /// <summary>Aborts the open transaction.</summary>
    /// <exception cref="TransactionException">The coordinator does not answer, or the producer was fenced.</exception>
    public async Task AbortAsync(long number, CancellationToken cancellation)
    {
        await InTurnAsync(
            () =>
            {
                CheckOpen(number);
                if (_mayBeCommitted)
                {
                    throw new InvalidOperationException("The transaction may have been committed: commit it again, or dispose of it.");
                }

                transaction.Fail(new AppendFailure(ErrorCode.TransactionAbortable, false, "The transaction is being aborted.", null));
                return Task.CompletedTask;
            },
            cancellation);
        await buffer.SettleAsync(cancellation);
        await InTurnAsync(
            async () =>
            {
                CheckOpen(number);
                if (transaction.HasWritten)
                {
                    await EndAsync(commits: false, cancellation);
                }

                _isOpen = false;
            },
            cancellation);
    }

    /// <summary>Ends the open transaction in any case: if the coordinator is not reached, with the next one.</summary>
    public async Task LeaveAsync(long number)
    {
        if (!_isOpen || number != Number)
        {
            return;
        }

        try
        {
            if (!_mayBeCommitted)
            {
                await AbortAsync(number, CancellationToken.None);
                return;
            }
        }
        catch (TransactionException)
        {
            // The coordinator aborts it after its timeout, or has done so.
        }

        transaction.Fail(new AppendFailure(ErrorCode.TransactionAbortable, false, "The transaction was left.", null));
        await buffer.SettleAsync(CancellationToken.None);
        (_producer, _isOpen) = (ProducerIdentity.None, false);
    }

    /// <summary>Leaves the open transaction.</summary>
    public async ValueTask DisposeAsync() => await LeaveAsync(Number);

    private static bool IsFatal(ErrorCode error) =>
        error is ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch or ErrorCode.InvalidProducerIdMapping or ErrorCode.UnsupportedForMessageFormat
            or ErrorCode.UnsupportedVersion or ErrorCode.TransactionalIdAuthorizationFailed;

    private async Task EndAsync(bool commits, CancellationToken cancellation)
    {
        var (request, calls) = (new EndTransactionRequest(transaction.Producer, commits, TransactionVersion.V2), _mayBeCommitted ? 1 : 0);
        _mayBeCommitted |= commits;
        var answer = await CallAsync(
            () =>
            {
                calls++;
                return Coordinator.End(request);
            },
            answer => (answer.Error, answer.Detail),
            cancellation);
        if (answer.Error != ErrorCode.None)
        {
            // It has not the outcome that was asked for, unless a call before this one has had it: another producer may have begun since, for which this one
            // is fenced whatever became of its transaction.
            _mayBeCommitted = commits && calls > 1 && answer.Error != ErrorCode.InvalidTxnState;
            transaction.Fail(new AppendFailure(answer.Error, _mayBeCommitted, answer.Detail, null));
            throw Failure(answer.Error, answer.Detail, isEnd: true);
        }

        _producer = answer.Producer;
    }

    /// <summary>Makes a call until its outcome is known. An error that stays retriable counts as unknown: an earlier attempt may have taken effect.</summary>
    private async Task<T> CallAsync<T>(Func<ValueTask<T>> call, Func<T, (ErrorCode Error, string? Detail)> errorOf, CancellationToken cancellation)
    {
        var start = buffer.Time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            var (error, detail, cause) = (ErrorCode.RequestTimedOut, default(string), default(Exception));
            try
            {
                var task = call().AsTask();
                await BackgroundWork.WaitAsync(task, _options.RequestTimeout, buffer.Time, cancellation);
                var answer = await task;
                (error, detail) = errorOf(answer);
                if (!ErrorCodes.Describe(error).Retriable)
                {
                    return answer;
                }
            }
            catch (Exception failure) when (GrainCallFailures.CodeOf(failure, cancellation) is { } code)
            {
                (error, detail, cause) = (code, failure.Message, failure);
            }

            var left = _options.MaxBlock - buffer.Time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                throw new TransactionException(
                    error, isFatal: false, isOutcomeUnknown: _mayBeCommitted, detail ?? "The coordinator of the transaction does not answer.", cause);
            }

            var pause = buffer.Delivery.Backoff(attempt);
            await Task.Delay(pause < left ? pause : left, buffer.Time, cancellation);
        }
    }

    private TransactionException Failure(ErrorCode error, string? detail, bool isEnd)
    {
        var isUnknown = isEnd && _mayBeCommitted;
        var failure = new TransactionException(error, IsFatal(error), isUnknown, error switch
        {
            ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch when isEnd =>
                "Another producer with the transactional id has taken over, or the transaction has exceeded its timeout; "
                + (isUnknown ? "whether it was committed before is not known." : "it is aborted."),
            _ => detail,
        });
        _over = failure.IsFatal ? failure : _over;
        return failure;
    }

    private void CheckOpen(long number)
    {
        if (!_isOpen || number != _number)
        {
            throw new InvalidOperationException("The transaction has ended.");
        }
    }

    private async Task InTurnAsync(Func<Task> step, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_over is { } over)
            {
                throw new TransactionException(over.Code, isFatal: true, isOutcomeUnknown: _isOpen && _mayBeCommitted, over.Detail, over);
            }

            await step();
        }
        finally
        {
            _turn.Release();
        }
    }
}
