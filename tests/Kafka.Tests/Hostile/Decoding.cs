using System.Collections.Concurrent;
using System.Linq.Expressions;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Tests.Messages;

namespace Loire.Kafka.Tests.Hostile;

/// <summary>Decodes bytes of any kind under the promise that holds for all of them.</summary>
internal static class Decoding
{
    /// <summary>The exception itself, the message, and tables that are made once.</summary>
    private const int Constant = KafkaLimits.DecodedBytesAtLeast + (16 * 1024);

    private static readonly ConcurrentDictionary<string, Func<IKafkaMessage>> Factories = [];

    /// <summary>Decodes a body.</summary>
    /// <returns>What was read; null if it is malformed.</returns>
    public static IKafkaMessage? Read(Func<IKafkaMessage> create, short version, ReadOnlyMemory<byte> bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = TryRead(create, version, bytes);
        AssertBounded(before, bytes.Length);
        return message;
    }

    /// <summary>Decodes a request with its header.</summary>
    /// <returns>What was read; null if it is malformed.</returns>
    public static (RequestHeader Header, IKafkaMessage Body)? ReadRequest(ReadOnlyMemory<byte> frame, StringCache strings)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        (RequestHeader Header, IKafkaMessage Body)? request = null;
        try
        {
            var reader = new KafkaReader(frame, strings);
            var header = RequestHeader.Read(ref reader);
            if (header.Api.Knows(header.Version))
            {
                var body = header.Api.NewRequest();
                body.Read(ref reader, header.Version);
                request = (header, body);
            }
        }
        catch (MalformedMessageException)
        {
        }

        AssertBounded(before, frame.Length);
        return request;
    }

    /// <summary>What makes messages of a type: without reflection, which allocates.</summary>
    public static Func<IKafkaMessage> Factory(string name) =>
        Factories.GetOrAdd(name, static one => Expression.Lambda<Func<IKafkaMessage>>(Expression.New(ObjectJson.New(one).GetType())).Compile());

    private static IKafkaMessage? TryRead(Func<IKafkaMessage> create, short version, ReadOnlyMemory<byte> bytes)
    {
        var message = create();
        var reader = new KafkaReader(bytes);
        try
        {
            message.Read(ref reader, version);
            return message;
        }
        catch (MalformedMessageException exception)
        {
            Assert.InRange(exception.Position, 0, bytes.Length);
            return null;
        }
    }

    private static void AssertBounded(long before, int size)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= ((long)size * KafkaLimits.DecodedBytesPerByte) + Constant, $"{allocated} bytes were allocated for a frame of {size}.");
    }
}
