using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>An answer to a heartbeat; a failed call is an answer with an error.</summary>
/// <param name="Request">The heartbeat.</param>
/// <param name="Result">The answer.</param>
/// <param name="SentAt">When it was sent, in units of <see cref="TimeProvider.GetTimestamp"/>.</param>
internal sealed record HeartbeatAnswer(HeartbeatRequest Request, HeartbeatResult Result, long SentAt);

/// <summary>A member's calls of its group, without retries and with timeouts.</summary>
internal sealed class GroupCalls(IGroupGrain group, ConsumerOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>Sends a heartbeat after a pause.</summary>
    /// <returns>The answer; null if the heartbeat was cancelled in favor of a newer one.</returns>
    public async Task<HeartbeatAnswer?> HeartbeatAsync(HeartbeatRequest request, TimeSpan pause, CancellationToken cancellation)
    {
        try
        {
            if (pause > TimeSpan.Zero)
            {
                await BackgroundWork.PauseAsync(pause, time, cancellation);
            }

            var sentAt = time.GetTimestamp();
            using var call = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            try
            {
                // Leaves time for another heartbeat before the session expires.
                var third = options.SessionTimeout / 3;
                var patient = request.MaxWait + (options.RequestTimeout < third ? options.RequestTimeout : third);
                var answer = group.Heartbeat(request, call.Token).AsTask();
                await BackgroundWork.WaitAsync(answer, patient, time, cancellation);
                return new HeartbeatAnswer(request, await answer, sentAt);
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                call.Cancel();
                var code = GrainCallErrors.Of(failure) ?? ErrorCode.UnknownServerError;
                return new HeartbeatAnswer(request, new HeartbeatResult(code, 0, [], TimeSpan.Zero, failure.Message), sentAt);
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Leaves the group; a failure is logged.</summary>
    public async Task LeaveAsync(MemberId memberId, string reason)
    {
        try
        {
            var left = group.Leave(new LeaveRequest(memberId, options.GroupInstanceId, reason, options.Incarnation)).AsTask();
            await BackgroundWork.WaitAsync(left, options.RequestTimeout, time, CancellationToken.None);
            await left;
        }
        catch (Exception problem)
        {
            // Its session expires without it.
            GroupLog.CannotLeave(logger, options.GroupId!.Value, memberId, problem);
        }
    }
}
