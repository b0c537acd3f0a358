using System.Buffers;

namespace Loire.Kafka.Protocol.Wire;

/// <summary>Bodies without a frame around them, such as the subscriptions and assignments that members of classic groups exchange.</summary>
public static class MessageBytes
{
    /// <summary>Encodes a body into an array of its own.</summary>
    /// <param name="message">The message.</param>
    /// <param name="version">One that the table lists for the message.</param>
    /// <exception cref="InvalidOperationException">The message cannot be expressed in the version.</exception>
    public static byte[] Encode(IKafkaMessage message, short version)
    {
        var writer = new KafkaWriter();
        try
        {
            message.Write(ref writer, version);
            var bytes = new ArrayBufferWriter<byte>((int)Math.Max(1, writer.Length));
            writer.CopyTo(bytes);
            return bytes.WrittenSpan.ToArray();
        }
        finally
        {
            writer.Abandon();
        }
    }
}
