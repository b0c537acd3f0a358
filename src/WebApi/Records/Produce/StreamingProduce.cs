using System.IO.Pipelines;
using Loire.Model;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// Drives a produce whose records come as lines: reads while there is room, sends, collects answers and, if the client wants them, streams the
/// acknowledgements back meanwhile. Holds no more than a line and the session's bound, however long the request.
/// </summary>
internal sealed class StreamingProduce(RequestStream stream, LineProduce lines, ProduceSession session, ProduceAnswer answer, TimeProvider time)
{
    public async Task RunAsync(int status)
    {
        while (await TakeChunkAsync())
        {
            session.Collect();
            await answer.FlushAsync();
        }

        // A bad line does not take the good ones before it along.
        await session.DrainAsync();
        var problem = session.Failure ?? lines.Problem ?? stream.Ended;
        await answer.FinishAsync(session, problem, status, json =>
        {
            if (session.Failure is null && lines.Problem is not null)
            {
                json.WriteNumber("line"u8, lines.Lines + 1);
            }
        });
    }

    /// <summary>Takes what has arrived.</summary>
    /// <returns>False at the end, whatever its reason.</returns>
    private async ValueTask<bool> TakeChunkAsync()
    {
        var read = await ReadAsync();
        if (read.IsCanceled)
        {
            return false;
        }

        var buffer = read.Buffer;
        var now = Timestamp.From(time.GetUtcNow());
        while (lines.Take(ref buffer, read.IsCompleted, session, now) && session.Failure is null)
        {
            await session.MakeRoomAsync();
            await answer.FlushAsync();
        }

        var goesOn = !read.IsCompleted && lines.Problem is null && session.Failure is null;
        stream.AdvanceTo(buffer.Start, goesOn ? buffer.End : buffer.Start);
        return goesOn;
    }

    /// <summary>Waits for input; meanwhile open batches leave as soon as nothing is in flight before them, and answers are passed on.</summary>
    private async ValueTask<ReadResult> ReadAsync()
    {
        var pending = stream.ReadAsync();
        if (pending.IsCompleted)
        {
            return await pending;
        }

        var read = pending.AsTask();
        while (!read.IsCompleted)
        {
            session.SendIdle();
            await answer.FlushAsync();
            if (session.HasPending)
            {
                await Task.WhenAny(read, session.Completion);
            }
            else
            {
                await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            session.Collect();
            if (session.Failure is not null)
            {
                stream.Interrupt();
            }
        }

        return await read;
    }
}
