using System.Text;
using static SyncCluster.Gateway.Tests.Requests.CallPayloads;

namespace SyncCluster.Gateway.Tests.Requests;

public sealed class FormArgumentsTests
{
    [Theory]
    [InlineData("task_arguments=a&task_arguments=b", """["a","b"]""")]
    [InlineData("task_arguments[]=a&task_arguments[]=b", """["a","b"]""")]
    [InlineData("task_arguments%5B%5D=a", """["a"]""")]
    [InlineData("task_arguments=a", """["a"]""")]
    [InlineData("task_arguments=100", """["100"]""")]
    [InlineData("task_arguments=", """[""]""")]
    [InlineData("task_arguments", """[""]""")]
    [InlineData("&&task_arguments=a=b&&", """["a=b"]""")]
    [InlineData("task_arguments=a+b%20c%2B", """["a b c+"]""")]
    [InlineData("task_arguments=%C3%A9é", """["éé"]""")]
    [InlineData("task_arguments=%zz%1%", """["%zz%1%"]""")]
    [InlineData("task_arguments=%1", """["%1"]""")]
    [InlineData("task_arguments=%22%5C%0A", """["\"\\\n"]""")]
    [InlineData("other=1", "[]")]
    [InlineData("task_argumentsx=1&Task_Arguments=2&task_arguments[=3", "[]")]
    public void Fields_become_strings_in_their_order(string form, string arguments) => Assert.Equal(arguments, ArgumentsOf(FormType, form));

    [Theory]
    [InlineData("task_arguments[1]=b&task_arguments[0]=a", """["a","b"]""")]
    [InlineData("task_arguments[2]=c&task_arguments%5B0%5D=a", """["a",null,"c"]""")]
    [InlineData("task_arguments[]=c&task_arguments[1]=b", """[null,"b","c"]""")]
    public void An_index_is_the_place_of_its_argument(string form, string arguments) => Assert.Equal(arguments, ArgumentsOf(FormType, form));

    [Theory]
    [InlineData("task_arguments[0]=a&task_arguments[0]=b")]
    [InlineData("task_arguments[10000]=a")]
    [InlineData("task_arguments[99999999999999999999]=a")]
    [InlineData("task_arguments[-1]=a")]
    [InlineData("task_arguments[1%00]=a")]
    [InlineData("task_arguments[a]=a")]
    [InlineData("task_arguments[0][value]=a")]
    public void An_index_that_is_no_place_or_is_taken_is_400(string form) => Assert.Equal(400, Refused(FormType, form).Status);

    [Theory]
    [InlineData("access_token=t&task_arguments=a", """["a"]""")]
    [InlineData("task_arguments=a&access%5Ftoken=t", """["a"]""")]
    [InlineData("access_token=t", "[]")]
    public void The_token_is_returned_beside_the_arguments(string form, string arguments) => Assert.Equal((arguments, "t"), Accepted(FormType, form));

    [Fact]
    public void A_token_given_twice_is_400() => Assert.Equal(400, Refused(FormType, "access_token=t&access_token=t").Status);

    [Theory]
    [InlineData("""{"task_arguments":[100]}""")]
    [InlineData(" \n[100]")]
    [InlineData("""{"a":"b=c&d"}""")]
    [InlineData("\"text\"")]
    [InlineData("100")]
    [InlineData("-1.5e3 ")]
    [InlineData("true")]
    [InlineData("null")]
    [InlineData("{")]
    public void JSON_that_was_sent_as_a_form_is_400_and_names_the_missing_header(string body)
    {
        var (status, message) = Refused(FormType, body);
        Assert.Equal(400, status);
        Assert.Contains("`Content-Type: application/json`", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("100=a")]
    [InlineData("nul")]
    [InlineData("name")]
    [InlineData("   ")]
    public void A_form_whose_names_look_odd_is_still_a_form(string form) => Assert.Equal("[]", ArgumentsOf(FormType, form));

    [Theory]
    [InlineData("task_arguments=%FF")]
    [InlineData("task_arguments=%C3")]
    [InlineData("%FF=a")]
    public void Invalid_utf8_is_400(string form) => Assert.Equal(400, Refused(FormType, form).Status);

    [Fact]
    public void Invalid_utf8_that_is_not_escaped_is_400() => Assert.Equal(400, Refused(FormType, [.. "task_arguments="u8, 0xFF]).Status);

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_001, false)]
    public void At_most_10000_fields_are_accepted(int fields, bool accepted)
    {
        foreach (var field in new[] { "task_arguments=a&", "x&" })
        {
            var form = new StringBuilder().Insert(0, field, fields).ToString();
            if (accepted)
            {
                ArgumentsOf(FormType, form);
            }
            else
            {
                Assert.Equal(400, Refused(FormType, form).Status);
            }
        }
    }
}
