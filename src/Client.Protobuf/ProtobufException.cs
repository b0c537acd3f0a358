namespace Loire.Client.Protobuf;

/// <summary>A message that cannot be read from its bytes, or must not be written.</summary>
public sealed class ProtobufException : FormatException
{
    /// <param name="message">What is wrong.</param>
    /// <param name="inner">What Google.Protobuf threw, if it was that.</param>
    public ProtobufException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
