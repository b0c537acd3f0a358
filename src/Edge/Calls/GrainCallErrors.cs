namespace Loire.Edge.Calls;

/// <summary>
/// The one mapping from a failed grain call to Kafka's error. A grain answers an expected failure by a value; an exception means that the
/// call did not reach it, or that its answer did not come back.
/// </summary>
public static class GrainCallErrors
{
    /// <summary>
    /// The error of a call that failed by <paramref name="exception"/>: retriable, and with an unknown outcome if the call changes something.
    /// Null for an exception that no grain call is expected to throw, which is a bug.
    /// </summary>
    public static ErrorCode? Of(Exception exception) => exception switch
    {
        TimeoutException => ErrorCode.RequestTimedOut,
        OrleansException => ErrorCode.LeaderNotAvailable,
        _ => null,
    };
}
