namespace Loire.Client.Avro;

/// <summary>Something that Avro forbids. The derived types say what: a schema, two schemas together, a type of .NET, or data.</summary>
public abstract class AvroException : Exception
{
    private protected AvroException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}

/// <summary>A text is no Avro schema.</summary>
public sealed class AvroSchemaException : AvroException
{
    /// <param name="message">What is wrong, and where.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public AvroSchemaException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>What was written with one schema cannot be read with another.</summary>
public sealed class AvroResolutionException : AvroException
{
    /// <param name="message">What does not fit, and where.</param>
    public AvroResolutionException(string message)
        : base(message, null)
    {
    }
}

/// <summary>A type of .NET does not fit a schema.</summary>
public sealed class AvroMappingException : AvroException
{
    /// <param name="message">What does not fit, and where.</param>
    public AvroMappingException(string message)
        : base(message, null)
    {
    }
}

/// <summary>Bytes are no value of their schema, or a value cannot be written with a schema.</summary>
public sealed class AvroDataException : AvroException
{
    /// <param name="message">What is wrong.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public AvroDataException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
