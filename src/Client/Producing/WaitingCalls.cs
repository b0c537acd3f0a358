namespace Loire.Client;

/// <summary>The calls that wait for the records of a batch.</summary>
internal sealed class WaitingCalls
{
    // Replaces the list once the batch has ended.
    private static readonly PendingDelivery Closed = new();

    private PendingDelivery? _last;

    /// <summary>Adds a call; completes it immediately if the batch has ended.</summary>
    public void Add(PendingDelivery call)
    {
        var last = Volatile.Read(ref _last);
        while (last != Closed)
        {
            call.Next = last;
            var seen = Interlocked.CompareExchange(ref _last, call, last);
            if (seen == last)
            {
                return;
            }

            last = seen;
        }

        call.Next = null;
        call.Complete();
    }

    /// <summary>Completes all calls, in the order in which they were added.</summary>
    public void Complete()
    {
        PendingDelivery? first = null;
        for (var call = Interlocked.Exchange(ref _last, Closed); call is not null;)
        {
            (call.Next, first, call) = (first, call, call.Next);
        }

        while (first is not null)
        {
            // Once completed, it may immediately be reused by another call.
            var call = first;
            first = call.Next;
            call.Complete();
        }
    }
}
