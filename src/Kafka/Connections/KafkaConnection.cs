using System.IO.Pipelines;
using System.Threading.Channels;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Memory;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Connections;

/// <summary>
/// One connection. A loop reads requests and begins them in their order; they end in any order, and a second loop sends their answers in the order of the requests.
/// So the appends of a client that pipelines share a write of the log. What is ready is sent together, before the loop waits for the next answer.
/// <para>
/// Invariants: a request is read only once its bytes are admitted; an answer leaves only after all before it; what has an effect ends although the client is gone, and
/// what only reads does not.
/// </para>
/// </summary>
internal sealed partial class KafkaConnection : IAsyncDisposable
{
    private const int FlushBytes = 256 * 1024;
    private const long None = -1;

    private readonly ConnectionContext _transport;
    private readonly KafkaServices _services;
    private readonly KafkaConnectionOptions _options;
    private readonly CancellationTokenSource _gone = new();
    private readonly CancellationTokenSource _reading = new();
    private readonly Channel<Pending> _answers;
    private readonly MemoryQuota _bytes;
    private readonly ConnectionScope _scope;
    private readonly StringCache _strings = new();
    private Task _largeSent = Task.CompletedTask;
    private volatile bool _isCut;
    private long _receivingSince = None;
    private long _sendingSince = None;
    private int _underWay;
    private long _lastRequest;

    public KafkaConnection(ConnectionContext transport, AdvertisedAddress advertised, KafkaServices services)
    {
        (_transport, _services, _options) = (transport, services, services.Options.Value);
        _answers = Channel.CreateBounded<Pending>(new BoundedChannelOptions(_options.ConnectionRequests) { SingleReader = true, SingleWriter = true });
        _bytes = new MemoryQuota(_options.ConnectionBytes);
        _scope = new ConnectionScope(advertised, transport.RemoteEndPoint, _gone.Token);
        _lastRequest = services.Time.GetTimestamp();
    }

    /// <summary>A request that is served; in the order in which it was read.</summary>
    private readonly record struct Pending(
        IKafkaHandler Handler, RequestHeader Header, ValueTask<IKafkaMessage?> Answer, int Bytes, RequestMemory Memory, long Begun, TaskCompletionSource? Sent = null);

    /// <summary>Serves the connection until the client ends it, breaks the protocol or is idle for too long.</summary>
    public async Task RunAsync()
    {
        // Until the last answer is sent, not only while requests are read.
        await using var check = _services.Time.CreateTimer(
            static connection => ((KafkaConnection)connection!).CloseIfNothingMoves(), this, CheckInterval, CheckInterval);
        var sending = SendAsync();
        try
        {
            // A node that stops closes its connections; otherwise it would wait for calls that are to wait for long.
            await using var stopping = _transport.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
                .UnsafeRegister(static reading => ((CancellationTokenSource)reading!).Cancel(), _reading) ?? default;
            await ReadAsync();
        }
        catch (MalformedMessageException malformed)
        {
            _services.Refusals.Log(_transport.RemoteEndPoint, malformed.Message);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
        }
        finally
        {
            await _gone.CancelAsync();
            _answers.Writer.Complete();
            await sending;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        _gone.Dispose();
        _reading.Dispose();
    }

    private async Task ReadAsync()
    {
        var frames = new FrameReader(_transport.Transport.Input);
        while (await frames.ReadLengthAsync(_reading.Token) is var length and >= 0)
        {
            await _bytes.TakeAsync(length, Timeout.InfiniteTimeSpan, _services.Time, _reading.Token);
            var isAdmitted = false;
            try
            {
                isAdmitted = await _services.Bytes.Quota.TakeAsync(length, Timeout.InfiniteTimeSpan, _services.Time, _reading.Token);
                Volatile.Write(ref _receivingSince, _services.Time.GetTimestamp());
                var frame = await frames.ReadFrameAsync(length, _reading.Token);
                Volatile.Write(ref _receivingSince, None);
                var pending = Begin(frame);
                await _answers.Writer.WriteAsync(pending, CancellationToken.None);
                isAdmitted = false;
            }
            finally
            {
                // What was begun is returned once it is answered.
                if (isAdmitted)
                {
                    Return(length);
                }
            }
        }
    }

    private Pending Begin(byte[] frame)
    {
        Interlocked.Increment(ref _underWay);
        _lastRequest = _services.Time.GetTimestamp();
        var reader = new KafkaReader(frame, _strings);
        var (header, memory) = (RequestHeader.Read(ref reader), new RequestMemory());
        if (_services.Apis.Find(header.Api, header.Version) is not { } handler)
        {
            // A client learns from the answer in version 0 which versions it may use.
            if (header.Api.Key == ApiKey.ApiVersions && _services.Apis.Find(header.Api, 0) is { } versions)
            {
                header = header with { Version = 0 };
                return new Pending(
                    versions, header, new(versions.Refuse(new HandlerContext(header, _scope, memory), header.Api.NewRequest(), ErrorCode.UnsupportedVersion)),
                    frame.Length, memory, _lastRequest);
            }

            throw new MalformedMessageException(MalformedReason.UnsupportedVersion, reader.Position, $"{header.Api} {header.Version}");
        }

        var request = header.Api.NewRequest();
        request.Read(ref reader, header.Version);
        var (before, sent) = (Task.CompletedTask, default(TaskCompletionSource));
        if (handler.AnswersAreLarge)
        {
            (before, sent) = (_largeSent, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            _largeSent = sent.Task;
        }

        var answer = ServeAsync(handler, new HandlerContext(header, _scope, memory), request, before);
        return new Pending(handler, header, answer, frame.Length, memory, _lastRequest, sent);
    }

    private async ValueTask<IKafkaMessage?> ServeAsync(IKafkaHandler handler, HandlerContext context, IKafkaMessage request, Task before)
    {
        try
        {
            await before;
            return await handler.HandleAsync(context, request);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // Answers leave in the order of requests: without this one, none after it may.
            _isCut = true;
            return null;
        }
        catch (CloseConnectionException closing)
        {
            LogClosed(_services.Logger, _transport.RemoteEndPoint, handler.Api.Name, closing.Message);
            await _reading.CancelAsync();
            return null;
        }
        catch (Exception bug)
        {
            LogBug(_services.Logger, bug, handler.Api.Name, context.Version);
            return handler.Refuse(context, request, ErrorCode.UnknownServerError);
        }
    }

    private async Task SendAsync()
    {
        var (output, unsent, isBroken) = (_transport.Transport.Output, 0L, false);
        await foreach (var pending in _answers.Reader.ReadAllAsync())
        {
            var isReady = pending.Answer.IsCompleted;
            if (!isReady && unsent > 0)
            {
                isBroken |= !await FlushAsync(output);
                unsent = 0;
            }

            var answer = await EndAsync(pending);
            isBroken |= _isCut;
            _services.Metrics.Served(pending.Handler.Api, _services.Time.GetElapsedTime(pending.Begun));
            if (answer is not null && !isBroken)
            {
                (unsent, isBroken) = Write(output, pending.Header, answer) is { } bytes ? (unsent + bytes, false) : (0, true);
            }

            if (pending.Memory.User.IsCompleted)
            {
                Return(pending.Bytes);
            }
            else
            {
                _ = ReturnAfterAsync(pending.Memory.User, pending.Bytes);
            }

            Interlocked.Decrement(ref _underWay);
            if (!isBroken && unsent > 0 && (unsent >= FlushBytes || !_answers.Reader.TryPeek(out _)))
            {
                isBroken = !await FlushAsync(output);
                unsent = 0;
            }

            pending.Sent?.SetResult();
        }

        if (unsent > 0 && !isBroken)
        {
            await FlushAsync(output);
        }
    }

    private async ValueTask<IKafkaMessage?> EndAsync(Pending pending)
    {
        try
        {
            return await pending.Answer;
        }
        catch (Exception bug)
        {
            LogBug(_services.Logger, bug, pending.Header.Api.Name, pending.Header.Version);
            await _reading.CancelAsync();
            return null;
        }
    }

    private long? Write(PipeWriter output, in RequestHeader header, IKafkaMessage answer)
    {
        try
        {
            using var frame = OutgoingFrame.Response(header, answer);
            frame.CopyTo(output);
            return frame.Length;
        }
        catch (Exception bug)
        {
            LogBug(_services.Logger, bug, header.Api.Name, header.Version);
            _reading.Cancel();
            return null;
        }
    }

    private async ValueTask<bool> FlushAsync(PipeWriter output)
    {
        Volatile.Write(ref _sendingSince, _services.Time.GetTimestamp());
        try
        {
            return !(await output.FlushAsync()).IsCompleted;
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ConnectionResetException or ConnectionAbortedException)
        {
            return false;
        }
        catch (Exception failure)
        {
            // The client gets nothing more; what is under way still ends, and returns its bytes.
            LogUnsent(_services.Logger, failure, _transport.RemoteEndPoint);
            return false;
        }
        finally
        {
            Volatile.Write(ref _sendingSince, None);
        }
    }

    private async Task ReturnAfterAsync(Task user, int bytes)
    {
        await user;
        Return(bytes);
    }

    private void Return(int bytes)
    {
        _bytes.Return(bytes);
        _services.Bytes.Quota.Return(bytes);
    }

    private TimeSpan CheckInterval => (_options.IdleTimeout < _options.StallTimeout ? _options.IdleTimeout : _options.StallTimeout) / 4;

    /// <summary>Ends a connection that is idle, or whose client sends or reads nothing in the middle of something: it would hold memory that others wait for.</summary>
    private void CloseIfNothingMoves()
    {
        if (IsStalled(ref _receivingSince)
            || (Volatile.Read(ref _underWay) == 0 && _services.Time.GetElapsedTime(Volatile.Read(ref _lastRequest)) >= _options.IdleTimeout))
        {
            _reading.Cancel();
        }

        if (IsStalled(ref _sendingSince))
        {
            _transport.Abort(new ConnectionAbortedException("The client does not read its answers."));
        }
    }

    private bool IsStalled(ref long since) =>
        Volatile.Read(ref since) is not None and var at && _services.Time.GetElapsedTime(at) >= _options.StallTimeout;

    [LoggerMessage(Level = LogLevel.Information, Message = "The connection from {Remote} is closed in answer to {Api}: {Reason}")]
    private static partial void LogClosed(ILogger logger, System.Net.EndPoint? remote, string api, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Answers to {Remote} cannot be sent.")]
    private static partial void LogUnsent(ILogger logger, Exception failure, System.Net.EndPoint? remote);

    [LoggerMessage(Level = LogLevel.Error, Message = "A bug failed a request of Kafka's protocol: {Api} {Version}.")]
    private static partial void LogBug(ILogger logger, Exception bug, string api, short version);
}
