using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using Loire.Kafka.Connections;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.TestKit;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Tests.Connections;

/// <summary>A connection with a client in memory, and handlers of ListGroups that the test answers for.</summary>
internal sealed class ConnectionBench : IAsyncDisposable
{
    private readonly KafkaConnection _connection;
    private readonly IDuplexPipe _client;
    private readonly FrameReader _answers;
    private int _correlation;

    public ConnectionBench(Action<KafkaConnectionOptions>? configure = null, ILogger<RefusedConnections>? log = null, long unreadBytes = 64 * 1024)
    {
        var options = new KafkaConnectionOptions();
        configure?.Invoke(options);
        var bounds = Options.Create(options);
        Bytes = new RequestBytes(bounds);
        var services = new KafkaServices(
            new ServedApis([Handler, Other]), Bytes, bounds, new RefusedConnections(Time, log ?? NullLogger<RefusedConnections>.Instance), new KafkaMetrics(new Meters()), Time,
            NullLogger<KafkaServices>.Instance);
        var pipe = new PipeOptions(useSynchronizationContext: false);
        var (input, output) = (new Pipe(pipe), new Pipe(new PipeOptions(pauseWriterThreshold: unreadBytes, resumeWriterThreshold: 1, useSynchronizationContext: false)));
        _client = new Duplex(output.Reader, input.Writer);
        _answers = new FrameReader(output.Reader);
        var transport = new DefaultConnectionContext("test", new Duplex(input.Reader, output.Writer), _client);
        transport.ConnectionClosed.Register(() => output.Reader.Complete());
        _connection = new KafkaConnection(transport, new AdvertisedAddress("node", 9092), services);
        Running = Task.Run(async () =>
        {
            await _connection.RunAsync();
            await output.Writer.CompleteAsync();
        });
    }

    public ManualTime Time { get; } = new();

    public RequestBytes Bytes { get; }

    public ScriptedHandler Handler { get; } = new(ApiKey.ListGroups, 3, 5);

    /// <summary>Serves another API.</summary>
    public ScriptedHandler Other { get; } = new(ApiKey.Heartbeat, 0, 3);

    /// <summary>Completes when the connection has ended.</summary>
    public Task Running { get; }

    /// <summary>Sends a request of the version.</summary>
    public async Task SendAsync(short version = 3, string[]? states = null)
    {
        var header = new RequestHeader(KafkaApi.Of(ApiKey.ListGroups), version, ++_correlation, "client");
        using var frame = OutgoingFrame.Request(header, new ListGroupsRequest { StatesFilter = states ?? [] });
        await SendAsync(frame.ToArray());
    }

    /// <summary>Sends a request of the other API.</summary>
    public async Task SendOtherAsync()
    {
        using var frame = OutgoingFrame.Request(new RequestHeader(Other.Api, 0, ++_correlation, "client"), new HeartbeatRequest());
        await SendAsync(frame.ToArray());
    }

    public async Task SendAsync(byte[] bytes) => await _client.Output.WriteAsync(bytes);

    /// <summary>The client ends.</summary>
    public ValueTask EndAsync() => _client.Output.CompleteAsync();

    /// <summary>The next answer: its correlation id and its error; null at the end of the connection.</summary>
    public async Task<(int Correlation, ErrorCode Error)?> AnswerAsync(short version = 3)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var length = await _answers.ReadLengthAsync(patience.Token);
        return length < 0 ? null : Read(await _answers.ReadFrameAsync(length, patience.Token), version);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        Handler.AnswerAll();
        Other.AnswerAll();
        await Running;
        await _connection.DisposeAsync();
    }

    private static (int, ErrorCode) Read(byte[] frame, short version)
    {
        var reader = new KafkaReader(frame);
        var correlation = reader.ReadInt32();
        if (version >= 3)
        {
            reader.SkipTags();
        }

        var answer = new ListGroupsResponse();
        answer.Read(ref reader, version);
        return (correlation, answer.ErrorCode);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}

/// <summary>Serves an API as the test says: request by request.</summary>
internal sealed class ScriptedHandler(ApiKey key, short minVersion, short maxVersion) : IKafkaHandler
{
    private readonly Lock _lock = new();
    private readonly List<(HandlerContext Context, TaskCompletionSource<IKafkaMessage?> Answer)> _requests = [];
    private readonly SemaphoreSlim _begun = new(0);

    public KafkaApi Api { get; } = KafkaApi.Of(key);

    public short MinVersion => minVersion;

    public short MaxVersion => maxVersion;

    public bool AnswersAreLarge { get; set; }

    /// <summary>What the handler does first; it may throw.</summary>
    public Action<int> OnBegin { get; set; } = _ => { };

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _requests.Count;
            }
        }
    }

    public ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, IKafkaMessage request)
    {
        var answer = new TaskCompletionSource<IKafkaMessage?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _requests.Add((context, answer));
        }

        _begun.Release();
        OnBegin(Count);
        return new(answer.Task);
    }

    public IKafkaMessage Refuse(HandlerContext context, IKafkaMessage request, ErrorCode error) => new ListGroupsResponse { ErrorCode = error };

    /// <summary>Waits until so many requests have begun, beyond those that were waited for.</summary>
    public async Task BegunAsync(int count)
    {
        for (; count > 0; count--)
        {
            Assert.True(await _begun.WaitAsync(TimeSpan.FromSeconds(30)));
        }
    }

    public HandlerContext ContextOf(int request) => _requests[request].Context;

    /// <summary>Answers a request, numbered from 0.</summary>
    public void Answer(int request, ErrorCode error = ErrorCode.None) => _requests[request].Answer.SetResult(new ListGroupsResponse { ErrorCode = error });

    public void AnswerNothing(int request) => _requests[request].Answer.SetResult(null);

    public void Fail(int request, Exception failure) => _requests[request].Answer.SetException(failure);

    public void AnswerAll()
    {
        lock (_lock)
        {
            _requests.ForEach(request => request.Answer.TrySetResult(null));
        }
    }
}
