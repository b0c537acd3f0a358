namespace Loire.Client;

/// <summary>The type of a key or value that is always null. It has no instances.</summary>
public sealed class Null
{
    private Null()
    {
    }
}

/// <summary>The type of a key or value that a consumer ignores: its bytes are discarded. It has no instances.</summary>
public sealed class Ignore
{
    private Ignore()
    {
    }
}
