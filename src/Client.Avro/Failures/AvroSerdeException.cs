namespace Loire.Client.Avro;

/// <summary>
/// A value, its bytes, its type or its schemas do not match; the derived types tell which. The client reports it as the inner
/// exception of a <see cref="SerializationException"/>.
/// </summary>
public abstract class AvroSerdeException : Exception
{
    private protected AvroSerdeException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}

/// <summary>Values written with one schema cannot be read with another.</summary>
public sealed class AvroResolutionException : AvroSerdeException
{
    /// <param name="message">The schemas, and where they differ.</param>
    /// <param name="inner">The error of Apache.Avro, if it found the difference.</param>
    public AvroResolutionException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>A .NET type does not fit a schema.</summary>
public sealed class AvroMappingException : AvroSerdeException
{
    /// <param name="message">The type, the schema, and where they differ.</param>
    /// <param name="inner">The error of Apache.Avro, if it found the difference.</param>
    public AvroMappingException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>Bytes are not a value of their schema, or exceed a limit; or a value cannot be written with its schema.</summary>
public sealed class AvroDataException : AvroSerdeException
{
    /// <param name="message">The error and its place.</param>
    /// <param name="inner">The error of Apache.Avro or of a property, if there is one.</param>
    public AvroDataException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
