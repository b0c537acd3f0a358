using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Replay.Tests.Players;

/// <summary>Plays over the wire: a scenario has a socket for each of its connections.</summary>
internal sealed class WirePlayer(IPEndPoint node) : IPlayer, IAsyncDisposable
{
    /// <summary>What stands in a recording for a connection that the broker has closed.</summary>
    public const string Closed = "connection closed";

    private readonly Dictionary<string, Task<WireConnection>> _connections = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async Task<JsonNode?> AskAsync(string connection, string api, int version, JsonObject body, JsonObject? step = null) =>
        await (await OpenAsync(connection)).AskAsync(KafkaApi.Of(Enum.Parse<ApiKey>(api)), (short)version, body, step ?? []);

    /// <summary>Sends bytes as they are.</summary>
    public async Task<JsonNode?> SendRawAsync(string connection, string hex) => await (await OpenAsync(connection)).SendRawAsync(Convert.FromHexString(hex));

    /// <summary>Closes a connection; the next request opens another one.</summary>
    public async Task CloseAsync(string connection)
    {
        if (_connections.Remove(connection, out var closed))
        {
            await (await closed).DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            await (await connection).DisposeAsync();
        }
    }

    private Task<WireConnection> OpenAsync(string name)
    {
        if (!_connections.TryGetValue(name, out var connection))
        {
            _connections.Add(name, connection = WireConnection.OpenAsync(node));
        }

        return connection;
    }

    /// <summary>One socket. Answers come in the order of the requests.</summary>
    private sealed class WireConnection : IAsyncDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

        private readonly Socket _socket;
        private readonly FrameReader _frames;
        private readonly PipeReader _input;
        private readonly Lock _lock = new();
        private Task _last = Task.CompletedTask;
        private int _correlation;

        private WireConnection(Socket socket)
        {
            _socket = socket;
            _input = PipeReader.Create(new NetworkStream(socket, ownsSocket: false));
            _frames = new FrameReader(_input);
        }

        public static async Task<WireConnection> OpenAsync(IPEndPoint node)
        {
            var socket = new Socket(node.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(node);
            return new WireConnection(socket);
        }

        public Task<JsonNode?> AskAsync(KafkaApi api, short version, JsonObject body, JsonObject step)
        {
            // A null client id is sent as such; without the field the client has a name.
            var client = step.ContainsKey("clientId") ? step.Text("clientId") : ScenarioPlayer.Client;
            var written = step["encodeAs"] is { } other ? (short)other.GetValue<int>() : version;
            var header = new RequestHeader(api, version, Interlocked.Increment(ref _correlation), client);
            byte[] frame;
            using (var request = OutgoingFrame.Request(header, new Written(new JsonMessage($"{api.Name}Request", body), written)))
            {
                frame = request.ToArray();
            }

            if (step["cutBytes"] is { } cut)
            {
                frame = Resized(frame[..^cut.GetValue<int>()]);
            }
            else if (step.Text("extraBytes") is { } extra)
            {
                frame = Resized([.. frame, .. Convert.FromHexString(extra)]);
            }

            // A request without acknowledgement has no answer, unless it fails.
            if (api.Key == ApiKey.Produce && body["acks"] is { } acks && acks.GetValue<int>() == 0)
            {
                return SendUnansweredAsync(frame, step);
            }

            return Queue(frame, async () =>
            {
                var answerVersion = step["answerVersion"] is { } given ? (short)given.GetValue<int>() : version;
                return await ReadAsync(api, answerVersion, header.CorrelationId, step["waitMs"] is null ? Patience : TimeSpan.FromMilliseconds(step.Long("waitMs")));
            });
        }

        public Task<JsonNode?> SendRawAsync(byte[] bytes) => Queue(bytes, async () =>
        {
            using var patience = new CancellationTokenSource(Patience);
            return await EndsAsync(patience.Token) ? JsonValue.Create(Closed) : JsonValue.Create("an answer");
        });

        public ValueTask DisposeAsync()
        {
            _socket.Dispose();
            return ValueTask.CompletedTask;
        }

        private static byte[] Resized(byte[] frame)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
            return frame;
        }

        private Task<JsonNode?> SendUnansweredAsync(byte[] frame, JsonObject step)
        {
            if (step["answer"] is null)
            {
                return Queue(frame, () => Task.FromResult<JsonNode?>(null));
            }

            return Queue(frame, async () =>
            {
                var wait = step["waitMs"] is null ? Patience : TimeSpan.FromMilliseconds(step.Long("waitMs"));
                using var patience = new CancellationTokenSource(wait);
                try
                {
                    return await EndsAsync(patience.Token) ? JsonValue.Create(Closed) : JsonValue.Create("an answer");
                }
                catch (OperationCanceledException)
                {
                    return JsonValue.Create(None(wait));
                }
            });
        }

        private Task<JsonNode?> Queue(byte[] frame, Func<Task<JsonNode?>> read)
        {
            lock (_lock)
            {
                var before = _last;
                try
                {
                    _socket.Send(frame);
                }
                catch (SocketException)
                {
                    return Task.FromResult<JsonNode?>(JsonValue.Create(Closed));
                }

                var answer = AfterAsync(before, read);
                _last = answer;
                return answer;
            }
        }

        private static async Task<JsonNode?> AfterAsync(Task before, Func<Task<JsonNode?>> read)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return await read();
        }

        private async Task<JsonNode?> ReadAsync(KafkaApi api, short version, int correlation, TimeSpan wait)
        {
            using var patience = new CancellationTokenSource(wait);
            byte[] frame;
            try
            {
                var length = await _frames.ReadLengthAsync(patience.Token);
                if (length < 0)
                {
                    return JsonValue.Create(Closed);
                }

                frame = await _frames.ReadFrameAsync(length, patience.Token);
            }
            catch (OperationCanceledException)
            {
                return JsonValue.Create(None(wait));
            }
            catch (Exception end) when (end is IOException or MalformedMessageException)
            {
                return JsonValue.Create(Closed);
            }

            return Decode(frame, api, version, correlation);
        }

        private static JsonObject Decode(byte[] frame, KafkaApi api, short version, int correlation)
        {
            var reader = new KafkaReader(frame);
            Assert.Equal(correlation, reader.ReadInt32());
            if (api.ResponseHeaderVersion(version) >= 1)
            {
                reader.SkipTags();
            }

            var answer = new JsonMessage($"{api.Name}Response");
            answer.Read(ref reader, version);
            Assert.Equal(0, reader.Remaining);
            return answer.Body;
        }

        private async Task<bool> EndsAsync(CancellationToken patience)
        {
            try
            {
                return await _frames.ReadLengthAsync(patience) < 0;
            }
            catch (Exception end) when (end is IOException or MalformedMessageException)
            {
                return true;
            }
        }

        private static string None(TimeSpan wait) => string.Create(CultureInfo.InvariantCulture, $"none within {wait.TotalMilliseconds} ms");

        /// <summary>A body that is written in another version than the header says.</summary>
        private sealed class Written(JsonMessage body, short version) : IKafkaMessage
        {
            public void Read(ref KafkaReader reader, short other) => body.Read(ref reader, version);

            public void Write(ref KafkaWriter writer, short other) => body.Write(ref writer, version);
        }
    }
}
