using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>
/// Calls of the coordinators of transactions, with the errors that producers understand: while a coordinator cannot be reached, or cannot store, they look for it and
/// ask again (<see cref="ErrorCode.CoordinatorNotAvailable"/>). All of these calls may be repeated.
/// </summary>
/// <param name="grains">Provides references to grains.</param>
internal sealed class Coordinators(IGrainFactory grains)
{
    /// <summary>The first version of InitProducerId whose clients know <see cref="ErrorCode.ProducerFenced"/>.</summary>
    public const short FirstInitThatKnowsFencing = 4;

    /// <summary>The first version of AddPartitionsToTxn, AddOffsetsToTxn and EndTxn whose clients know <see cref="ErrorCode.ProducerFenced"/>.</summary>
    public const short FirstThatKnowsFencing = 2;

    /// <summary>Makes one call of the coordinator of a transactional id.</summary>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="id">The id as the client has it: not empty, and otherwise what Loire allows (<see cref="TransactionalId"/>).</param>
    /// <param name="call">The call.</param>
    /// <param name="failed">Makes the answer of a call that failed, or of an id that is not legal (<see cref="ErrorCode.InvalidRequest"/>).</param>
    public async Task<T> AskAsync<T>(string? id, Func<ITransactionGrain, ValueTask<T>> call, Func<ErrorCode, T> failed)
    {
        if (!TransactionalId.TryParse(id, out var legal, out string? _))
        {
            return failed(ErrorCode.InvalidRequest);
        }

        try
        {
            return await call(grains.GetGrain<ITransactionGrain>(legal.Value));
        }
        catch (Exception exception) when (GrainCallErrors.Of(exception) is not null)
        {
            return failed(ErrorCode.CoordinatorNotAvailable);
        }
    }

    /// <summary>Adds partitions or a group to a producer's transaction, for producers of the first dialect.</summary>
    public async Task<ErrorCode> EnlistAsync(string? id, ProducerIdentity producer, PartitionKey[] partitions, GroupId[] groups, short version)
    {
        var request = new EnlistRequest(producer, EnlistMode.Add, partitions, groups);
        var result = await AskAsync(id, grain => grain.Enlist(request), static error => new EnlistResult(error, 0, null));
        return Told(result.Error, version, FirstThatKnowsFencing);
    }

    /// <summary>How a version of an answer says an error.</summary>
    /// <param name="error">The error.</param>
    /// <param name="version">The version.</param>
    /// <param name="firstThatKnowsFencing">The first whose clients know <see cref="ErrorCode.ProducerFenced"/>.</param>
    public static ErrorCode Told(ErrorCode error, short version, short firstThatKnowsFencing) => error switch
    {
        ErrorCode.ProducerFenced when version < firstThatKnowsFencing => ErrorCode.InvalidProducerEpoch,
        ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut or ErrorCode.ThrottlingQuotaExceeded => ErrorCode.CoordinatorNotAvailable,
        _ when GrainCallErrors.IsMoved(error) && error != ErrorCode.NotCoordinator => ErrorCode.CoordinatorNotAvailable,
        _ => error,
    };
}
