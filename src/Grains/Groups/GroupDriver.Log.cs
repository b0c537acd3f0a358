using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Groups;

public sealed partial class GroupDriver
{
    [LoggerMessage(3, LogLevel.Error, "A bug stopped group {Group}; it starts again from what is durable.")]
    private partial void Failed(Exception bug, GroupId group);

    [LoggerMessage(4, LogLevel.Information, "Member {Member} leaves group {Group}: {Reason}")]
    private partial void Left(GroupId group, string? member, string? reason);

    [LoggerMessage(5, LogLevel.Warning, "The catalog did not take note of group {Group}: {Error}. The next sweep tells it.")]
    private partial void NotRecorded(GroupId group, ErrorCode error);

    [LoggerMessage(6, LogLevel.Error,
        "The assignor {Assignor} of group {Group} is of no use: the next that all members list is tried, or they keep what they have. {Problem}")]
    private partial void AssignorFailed(Exception? exception, GroupId group, string assignor, string problem);
}
