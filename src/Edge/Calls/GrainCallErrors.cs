namespace Loire.Edge.Calls;

/// <summary>
/// The only mapping from a failed grain call to Kafka's error. A grain returns expected failures as values; an exception means that the
/// call did not reach the grain or that its answer was lost.
/// </summary>
public static class GrainCallErrors
{
    /// <summary>How Orleans begins the rejection of a call that went along with a migrating grain.</summary>
    internal const string UnknownMigration = "The activation's migration did not deliver the request.";

    /// <summary>
    /// The error of a call that failed with <paramref name="exception"/>: retriable, and with an unknown outcome if the call has side
    /// effects, unless <see cref="IsUndelivered"/>. Null for an exception that grain calls are not expected to throw, which is a bug.
    /// </summary>
    public static ErrorCode? Of(Exception exception) => exception switch
    {
        TimeoutException => ErrorCode.RequestTimedOut,
        OrleansException => ErrorCode.LeaderNotAvailable,
        _ => null,
    };

    /// <summary>
    /// Whether an answer says that the call came to the wrong place or at the wrong time: its grain is about to run elsewhere, or could not reach
    /// another that it needs. Nothing was done, or a topic has made a change durable that the same call completes. Not so
    /// <see cref="ErrorCode.FencedLeaderEpoch"/>: it is the caller that believes in an earlier leader, and the same call gets the same answer.
    /// </summary>
    public static bool IsMoved(ErrorCode error) => error is ErrorCode.NotLeaderOrFollower or ErrorCode.LeaderNotAvailable
        or ErrorCode.NotController or ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable;

    /// <summary>
    /// Whether Orleans refused the call before the grain ran, so that it has had no effect and may be repeated: a gateway sheds load, the
    /// grain's queue is full, no connection could be opened, the silo is stopping or has been replaced, or the call was forwarded too often after
    /// the grain had moved. False where the call may have run: no answer in time, or a silo that was lost with calls under way.
    /// </summary>
    /// <remarks>
    /// <see cref="SiloUnavailableException"/> is a message rejection too, but reports both a silo that was known to be dead before sending
    /// and a connection that broke after it, so it proves nothing. A client outside the cluster sends a call again by itself when a
    /// connection breaks while the call is written; what Orleans may deliver twice in this way, it may also reject the second time. A migration
    /// of a grain rejects calls that the other silo may have run: no grain of this version migrates (<c>[Immovable]</c>), but those of earlier ones do
    /// in a rolling upgrade, and only the text tells (Orleans 10.4.2).
    /// </remarks>
    public static bool IsUndelivered(Exception exception) =>
        exception is GatewayTooBusyException or LimitExceededException
        || (exception is OrleansMessageRejectionException and not SiloUnavailableException
            && !exception.Message.StartsWith(UnknownMigration, StringComparison.Ordinal));
}
