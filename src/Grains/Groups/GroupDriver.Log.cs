using Loire.Model;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

public sealed partial class GroupDriver
{
    [LoggerMessage(3, LogLevel.Error, "A bug stopped group {Group}; it restarts from the durable state.")]
    private partial void Failed(Exception bug, GroupId group);

    [LoggerMessage(4, LogLevel.Information, "Member {Member} leaves group {Group}: {Reason}")]
    private partial void Left(GroupId group, string? member, string? reason);

    [LoggerMessage(5, LogLevel.Warning, "Group {Group} could not be recorded in the catalog: {Error}. The next sweep retries.")]
    private partial void NotRecorded(GroupId group, ErrorCode error);

    [LoggerMessage(6, LogLevel.Error,
        "The assignor {Assignor} of group {Group} failed; the next one that all members list is used, or the assignment stays. {Problem}")]
    private partial void AssignorFailed(Exception? exception, GroupId group, string assignor, string problem);

    [LoggerMessage(7, LogLevel.Warning,
        "Group {Group} forgets offsets of transaction {Number} of {TransactionalId}, of whose end it had been told when they were stored.")]
    private partial void FoundLeftover(GroupId group, TransactionalId transactionalId, long number);
}
