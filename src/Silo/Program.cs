namespace Loire.Silo;

internal static class Program
{
    private static void Main()
    {
    }
}
