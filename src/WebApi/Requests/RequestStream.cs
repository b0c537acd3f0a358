using System.Globalization;
using System.IO.Pipelines;
using Loire.WebApi.Coding;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Requests;

/// <summary>
/// Reads a body as it arrives, and ends it with a reason when the client pauses for too long, the body is malformed, or the node stops; a
/// streaming produce then answers for the records that have arrived.
/// </summary>
internal sealed class RequestStream : IDisposable
{
    private readonly HttpContext _context;
    private readonly PipeReader _reader;
    private readonly CancellationToken _aborted;
    private readonly TimeSpan _idleTimeout;
    private readonly ITimer _idle;
    private readonly CancellationTokenRegistration _stopping;
    private volatile ApiProblem? _end;

    private RequestStream(HttpContext context, TimeSpan idleTimeout, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        _context = context;
        _reader = context.Request.BodyReader;
        _aborted = context.RequestAborted;
        _idleTimeout = idleTimeout;
        _idle = time.CreateTimer(
            _ => End(new ApiProblem(
                ErrorCode.RequestTimedOut,
                string.Create(CultureInfo.InvariantCulture, $"The body paused for {idleTimeout.TotalSeconds} s; the request was ended."),
                StatusCodes.Status408RequestTimeout)),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        if (context.Request.Body is DecodedBody decoded)
        {
            // Received bytes end a pause even if they decode to nothing yet.
            decoded.Received = () => _idle.Change(_idleTimeout, Timeout.InfiniteTimeSpan);
        }

        _stopping = lifetime.ApplicationStopping.Register(
            () => End(new ApiProblem(ErrorCode.LeaderNotAvailable, "The node is stopping.", StatusCodes.Status503ServiceUnavailable)));
    }

    /// <summary>Begins to read the body of a request, with the options and the clock of its host.</summary>
    public static RequestStream Of(HttpContext context) => new(
        context,
        context.RequestServices.GetRequiredService<IOptions<LoireApiOptions>>().Value.StreamIdleTimeout,
        context.RequestServices.GetRequiredService<TimeProvider>(),
        context.RequestServices.GetRequiredService<IHostApplicationLifetime>());

    /// <summary>Why the stream was ended from this side; null if it was not.</summary>
    public ApiProblem? Ended => _end;

    /// <summary>Reads the next bytes. Cancelled if the stream was ended from this side or <see cref="Interrupt"/> was called.</summary>
    public ValueTask<ReadResult> ReadAsync()
    {
        if (_end is not null)
        {
            return new ValueTask<ReadResult>(new ReadResult(default, isCanceled: true, isCompleted: false));
        }

        var read = _reader.ReadAsync(_aborted);
        return read.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Release(read.Result)) : WaitAsync(read);
    }

    public void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _reader.AdvanceTo(consumed, examined);

    /// <summary>Makes a pending read return.</summary>
    public void Interrupt() => _reader.CancelPendingRead();

    public void Dispose()
    {
        _idle.Dispose();
        _stopping.Dispose();
    }

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        _idle.Change(_idleTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            return Release(await read);
        }
        catch (IOException exception)
        {
            // The records before the break are whole; they are reported to the client if it is still connected.
            _end ??= ApiProblem.FromBadRequest(RequestBody.Broken(exception));
            BrokenBody.CloseAfter(_context);
            return new ReadResult(default, isCanceled: true, isCompleted: false);
        }
        finally
        {
            _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    // A caller that gets a cancelled read leaves the buffer alone, and Kestrel cannot end a request whose reader was not advanced.
    private ReadResult Release(ReadResult read)
    {
        if (!read.IsCanceled)
        {
            return read;
        }

        _reader.AdvanceTo(read.Buffer.Start);
        return new ReadResult(default, isCanceled: true, isCompleted: false);
    }

    private void End(ApiProblem reason)
    {
        _end ??= reason;
        _reader.CancelPendingRead();
    }
}
