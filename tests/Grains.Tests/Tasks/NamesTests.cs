using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Tasks;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("61f3e937c38201da80f96c27", true)]
    [InlineData("My_task-2", true)]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234", true)]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a/b", false)]
    [InlineData("a.b", false)]
    [InlineData("a b", false)]
    [InlineData("é", false)]
    [InlineData("a\n", false)]
    public void Ids_and_names_contain_only_characters_that_need_no_escaping(string? name, bool valid)
    {
        Assert.Equal(valid, TaskId.IsValid(name));
        Assert.Equal(valid, CustomerName.IsValid(name));
    }

    [Theory]
    [InlineData("task")]
    [InlineData("job")]
    [InlineData("api")]
    [InlineData("health")]
    [InlineData("docs")]
    [InlineData("openapi")]
    [InlineData("Task")]
    public void A_customer_can_not_have_the_name_of_a_path_of_the_server(string name) => Assert.False(CustomerName.IsValid(name));

    [Theory]
    [InlineData("61f3e937c38201da80f96c27", true)]
    [InlineData("61F3e937c38201da80f96c27", false)]
    [InlineData("61f3e937c38201da80f96c2", false)]
    [InlineData("61f3e937c38201da80f96c277", false)]
    [InlineData("61f3e937c38201da80f96c2g", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_job_id_is_24_lowercase_hex_digits(string? id, bool valid) => Assert.Equal(valid, JobId.IsValid(id));

    [Fact]
    public void New_job_ids_are_valid_and_unique()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => JobId.New()).ToHashSet();

        Assert.Equal(1000, ids.Count);
        Assert.All(ids, id => Assert.True(JobId.IsValid(id)));
    }
}
