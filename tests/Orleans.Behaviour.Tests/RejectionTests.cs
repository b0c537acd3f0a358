using System.Text;

namespace Orleans.Behaviour.Tests;

/// <summary>What Orleans says when it rejects a call, where nothing but the text tells the reason.</summary>
public class RejectionTests
{
    [Fact]
    public void A_call_that_may_have_run_where_its_grain_migrated_to_is_rejected_with_a_text_of_its_own()
    {
        // Literals stand in an assembly in UTF-16.
        var text = Encoding.Unicode.GetBytes("The activation's migration did not deliver the request.");
        Assert.True(File.ReadAllBytes(typeof(Silo).Assembly.Location).AsSpan().IndexOf(text) >= 0);
    }
}
