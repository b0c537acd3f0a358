namespace Loire.Kafka.Protocol.Wire;

/// <summary>Why a frame cannot be decoded.</summary>
public enum MalformedReason
{
    /// <summary>The frame ends within a field.</summary>
    Truncated,

    /// <summary>The length of the frame is negative or over the bound.</summary>
    FrameLength,

    /// <summary>A length or count is negative, over its bound, or more than the rest of the frame can hold.</summary>
    Length,

    /// <summary>A variable-length integer has more than 32 bits.</summary>
    Varint,

    /// <summary>A field that must not be null in this version is.</summary>
    UnexpectedNull,

    /// <summary>The tags of a struct are not strictly ascending.</summary>
    TagOrder,

    /// <summary>A tagged field is shorter or longer than its size says.</summary>
    TagSize,

    /// <summary>Decoding would take more memory than <see cref="KafkaLimits.DecodedBytesPerByte"/> allows.</summary>
    Expansion,

    /// <summary>The request's key is not one that clients use.</summary>
    UnknownApi,

    /// <summary>The request has a version that the codec does not know.</summary>
    UnsupportedVersion,
}

/// <summary>A frame that cannot be decoded. What it is part of is not usable afterwards: the connection is closed.</summary>
/// <param name="reason">What is wrong.</param>
/// <param name="position">The position in the frame, after its length, at which decoding stopped.</param>
/// <param name="detail">Human-readable detail; null if the reason says all.</param>
public sealed class MalformedMessageException(MalformedReason reason, int position, string? detail = null)
    : Exception($"Malformed frame at byte {position}: {reason}{(detail is null ? "" : $" ({detail})")}.")
{
    /// <summary>What is wrong.</summary>
    public MalformedReason Reason { get; } = reason;

    /// <summary>The position in the frame, after its length, at which decoding stopped.</summary>
    public int Position { get; } = position;
}
