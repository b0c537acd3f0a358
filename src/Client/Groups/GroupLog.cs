using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>Log messages of a group member.</summary>
internal static partial class GroupLog
{
    [LoggerMessage(1, LogLevel.Information, "{Group}: member {Member} was granted {Count} partitions: {Partitions}.")]
    public static partial void Granted(ILogger logger, GroupId group, MemberId member, int count, string partitions);

    [LoggerMessage(2, LogLevel.Information, "{Group}: member {Member} revoked {Count} partitions: {Partitions}.")]
    public static partial void Revoked(ILogger logger, GroupId group, MemberId member, int count, string partitions);

    [LoggerMessage(3, LogLevel.Warning, "{Group}: {Count} partitions were lost: {Partitions}. The member rejoins.")]
    public static partial void Lost(ILogger logger, GroupId group, int count, string partitions);

    [LoggerMessage(4, LogLevel.Debug, "{Group}: a heartbeat of member {Member} failed with {Code}; retrying in {Pause}.")]
    public static partial void BeatFailed(ILogger logger, GroupId group, MemberId member, ErrorCode code, TimeSpan pause);

    [LoggerMessage(5, LogLevel.Warning, "{Group}: offsets could not be committed; records may be delivered again.")]
    public static partial void CommitFailed(ILogger logger, GroupId group, Exception problem);

    [LoggerMessage(6, LogLevel.Error, "{Group}: the rebalance listener failed.")]
    public static partial void ListenerFailed(ILogger logger, GroupId group, Exception problem);

    [LoggerMessage(7, LogLevel.Warning,
        "{Group}: the application has not requested records for {Interval}; member {Member} leaves until it does.")]
    public static partial void Absent(ILogger logger, GroupId group, MemberId member, TimeSpan interval);

    [LoggerMessage(8, LogLevel.Warning, "{Group}: granted partitions cannot be read yet.")]
    public static partial void CannotGrant(ILogger logger, GroupId group, Exception? problem);

    [LoggerMessage(9, LogLevel.Debug, "{Group}: member {Member} could not send its leave request.")]
    public static partial void CannotLeave(ILogger logger, GroupId group, MemberId member, Exception problem);
}
