namespace SyncCluster.Hosting.Tests;

public sealed class StorageOptionsValidatorTests
{
    private readonly StorageOptionsValidator _validator = new();

    [Fact]
    public void The_defaults_are_valid() => Assert.True(_validator.Validate(null, new StorageOptions()).Succeeded);

    [Fact]
    public void Each_value_that_is_not_valid_has_a_message_of_its_own()
    {
        var options = new StorageOptions { Path = "", JobExpiry = TimeSpan.FromHours(12), EmbeddedLimit = 1024, RedisShare = 1.1, RedisMemory = -1 };
        var result = _validator.Validate(null, options);
        Assert.Equal(
            [
                "Storage:JobExpiry must be 13 hours or longer.",
                "Storage:Path must be a folder, or :memory: to keep nothing.",
                "Storage:EmbeddedLimit must be 1048576 bytes or more.",
                "Storage:RedisShare must be above 0 and at most 1.",
                "Storage:RedisMemory must be 0 or more.",
            ],
            result.Failures!);
    }
}
