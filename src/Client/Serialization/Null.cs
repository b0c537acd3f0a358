namespace Loire.Client;

/// <summary>The type of a key or value that is always null. It has no instances.</summary>
public sealed class Null
{
    private Null()
    {
    }
}

/// <summary>The type of a key or value that a consumer does not want to know: its bytes are passed over. It has no instances.</summary>
public sealed class Ignore
{
    private Ignore()
    {
    }
}
