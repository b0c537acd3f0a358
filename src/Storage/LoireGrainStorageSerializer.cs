using System.Text.Json;
using Loire.Log;
using Orleans.Storage;

namespace Loire.Storage;

/// <summary>Stores the bytes of a <see cref="StoredObject"/> as they are, and any other state as JSON.</summary>
public sealed class LoireGrainStorageSerializer : IGrainStorageSerializer
{
    /// <inheritdoc/>
    public BinaryData Serialize<T>(T? input)
    {
        if (input is not StoredObject stored)
        {
            return new BinaryData(JsonSerializer.SerializeToUtf8Bytes(input));
        }

        if (stored.Pieces is [var only])
        {
            return new BinaryData(only);
        }

        var bytes = new byte[stored.Length];
        var position = 0;
        foreach (var piece in stored.Pieces)
        {
            piece.Span.CopyTo(bytes.AsSpan(position));
            position += piece.Length;
        }

        return new BinaryData(bytes);
    }

    /// <inheritdoc/>
    public T Deserialize<T>(BinaryData input)
    {
        if (typeof(T) != typeof(StoredObject))
        {
            return JsonSerializer.Deserialize<T>(input.ToMemory().Span)!;
        }

        // A provider may own the memory and reuse it after this call (the blob provider of Orleans 10.2 does), so the bytes are copied.
        return (T)(object)new StoredObject { Pieces = [input.ToArray()] };
    }
}
